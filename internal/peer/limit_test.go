// The option can be read back on Linux and macOS; Windows has no call for that here.

//go:build linux || darwin

package peer

import (
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestConnectionsHaveTheLimitOfUnacknowledgedData(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	dials := map[string]func(context.Context, string, string) (net.Conn, error){
		"a dialer":         NewDialer(DefaultLimit).DialContext,
		"a transport":      Transport().DialContext,
		"the system's own": NewDialer(0).DialContext,
	}
	wants := map[string]time.Duration{"a dialer": DefaultLimit, "a transport": DefaultLimit, "the system's own": 0}
	for name, dial := range dials {
		conn, err := dial(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		option, unit := 0x12, time.Millisecond // TCP_USER_TIMEOUT
		if runtime.GOOS == "darwin" {
			option, unit = 0x80, time.Second // TCP_RXT_CONNDROPTIME
		}
		var limit, alive int
		_ = raw.Control(func(fd uintptr) {
			limit, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option)
			alive, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
		})
		if err != nil || time.Duration(limit)*unit != wants[name] || alive == 0 {
			t.Errorf("%s: limit %v, keep-alive %d, %v; want %v and keep-alive", name, time.Duration(limit)*unit, alive, err, wants[name])
		}
	}
}
