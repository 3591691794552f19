package integration

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddress returns a host and port of this machine on which no program listens, for
// a program that needs its port before it starts, or starts several times. The port is
// below the ephemeral ones, so that the system gives it to no other program in the
// meantime. Until the test ends a UDP socket has the same number, which keeps other tests,
// of other processes too, from getting it from here.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	var lc net.ListenConfig
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)) //nolint:gosec // two tests shall not try the same port; it is no secret
		taken, err := lc.ListenPacket(tb.Context(), "udp", address)
		if err != nil {
			continue
		}
		l, err := lc.Listen(tb.Context(), "tcp", address)
		if err != nil {
			_ = taken.Close()
			continue
		}
		tb.Cleanup(func() { _ = taken.Close() })
		if err := l.Close(); err != nil {
			tb.Fatal(err)
		}
		return address
	}
	tb.Fatal("no port is free")
	return ""
}
