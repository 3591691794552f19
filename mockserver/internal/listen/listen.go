// Package listen opens the listeners of the mock: on TCP, on a unix socket, and in memory,
// where testing/synctest can follow them. A [Listener] knows how its clients name it and
// which connections it has accepted, so that a server can close those too.
//
// Call [On], or [Again] for a server that takes the place of an earlier one.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Networks that [On] listens on.
const (
	TCP    = "tcp"
	Unix   = "unix"
	Memory = "memory"
)

// memoryAddress stands for a listener in memory in URLs. It reads as loopback, which
// clients may send secrets to without TLS, and nothing else listens there.
const memoryAddress = "127.0.0.1:1"

// Listener is an open listener.
type Listener struct {
	net.Listener

	// Address is how clients name it: host:port, or a path.
	Address string
	// Dial connects to it; nil unless it is in memory.
	Dial func(ctx context.Context) (net.Conn, error)

	accepted accepted
}

// On listens on a network at an address, of which [Memory] has none.
func On(network, address string) (*Listener, error) {
	switch network {
	case Memory:
		memory := inMemory()
		return &Listener{Listener: memory, Address: memoryAddress, Dial: memory.dial}, nil
	case Unix:
		// gRPC's unix:// targets want an absolute path.
		path, err := filepath.Abs(address)
		if err != nil {
			return nil, err
		}
		l, err := onSocket(&net.UnixAddr{Name: path, Net: Unix})
		if err != nil {
			return nil, err
		}
		return &Listener{Listener: l, Address: path}, nil
	default:
		at, err := net.ResolveTCPAddr(TCP, address)
		if err != nil {
			return nil, err
		}
		l, err := net.ListenTCP(TCP, at)
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w; stop what listens there, or give another port: 0 picks a free one", err)
		}
		if err != nil {
			return nil, err
		}
		return &Listener{Listener: l, Address: l.Addr().String()}, nil
	}
}

// Again listens as [On] does; if the port of address is open, at that of before if it is
// free. An empty before is none.
func Again(network, address, before string) (*Listener, error) {
	if network == TCP && before != "" {
		at, err := net.ResolveTCPAddr(network, address)
		old, oldErr := net.ResolveTCPAddr(network, before)
		if err == nil && oldErr == nil && at.Port == 0 && (at.IP.Equal(old.IP) || len(at.IP) == 0 && old.IP.IsUnspecified()) {
			if l, err := On(network, before); err == nil {
				return l, nil
			}
		}
	}
	return On(network, address)
}

// errNoSocket means that there is another file at the path of a socket.
var errNoSocket = errors.New("there is a file that is no socket; name another path")

// IsWrong reports whether the address of err is one at which no server can listen here, and
// not one that is taken or forbidden.
func IsWrong(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return !dns.IsTimeout && !dns.IsTemporary
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return true
	}
	for _, wrong := range []error{errNoSocket, syscall.EADDRNOTAVAIL, syscall.EINVAL, syscall.ENOENT, syscall.ENOTDIR} {
		if errors.Is(err, wrong) {
			return true
		}
	}
	return false
}

// Accept keeps the connection for [Listener.HangUp].
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.accepted.add(c), nil
}

// HangUp closes all connections that it has accepted, and later ones as they come.
func (l *Listener) HangUp() { l.accepted.hangUp() }

// onSocket listens on a socket. A server that was killed leaves its socket behind, which
// nothing listens on any more: that one it replaces.
func onSocket(at *net.UnixAddr) (*net.UnixListener, error) {
	l, err := net.ListenUnix(Unix, at)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	if info, failed := os.Lstat(at.Name); failed != nil || info.Mode()&fs.ModeSocket == 0 {
		return nil, fmt.Errorf("%w: %w", err, errNoSocket)
	}
	conn, failed := net.DialUnix(Unix, nil, at)
	if failed == nil {
		_ = conn.Close() // it has told what it was for
	}
	if !errors.Is(failed, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%w: another program listens there; stop it, or name another path", err)
	}
	if err := os.Remove(at.Name); err != nil {
		return nil, err
	}
	return net.ListenUnix(Unix, at)
}
