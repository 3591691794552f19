//go:build unix && !linux

package transfer_test

import (
	"net"
)

// throwAway reads the next n bytes of conn.
func throwAway(conn *net.TCPConn, n int64) error {
	buf := make([]byte, 1<<20)
	for n > 0 {
		got, err := conn.Read(buf[:min(n, int64(len(buf)))])
		if n -= int64(got); err != nil && n > 0 {
			return err
		}
	}
	return nil
}
