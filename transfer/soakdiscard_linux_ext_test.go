//go:build linux

package transfer_test

import (
	"io"
	"net"
	"syscall"
)

// throwAway throws away the next n bytes of conn without copying them (tcp(7), MSG_TRUNC).
func throwAway(conn *net.TCPConn, n int64) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	var failed error
	if err := raw.Read(func(fd uintptr) (done bool) {
		for n > 0 {
			got, _, err := syscall.Recvfrom(int(fd), buf[:min(n, int64(len(buf)))], syscall.MSG_TRUNC)
			switch {
			case err == syscall.EAGAIN:
				return false
			case err == syscall.EINTR:
				continue
			case err == nil && got == 0:
				err = io.ErrUnexpectedEOF
			}
			if failed = err; err != nil {
				return true
			}
			n -= int64(got)
		}
		return true
	}); err != nil {
		return err
	}
	return failed
}
