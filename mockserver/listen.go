package mockserver

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

const (
	networkMemory = "memory"
	// memoryAddress stands for the in-memory HTTP side in URLs. It reads as
	// loopback, which clients may send secrets to without TLS, and nothing else
	// listens there.
	memoryAddress = "127.0.0.1:1"
)

// listener is the listener of one side of the server.
type listener struct {
	net.Listener

	address string // as clients name it: host:port, or a path
	dial    func(ctx context.Context) (net.Conn, error)

	accepted accepted
}

// Accept records the connection, so that [accepted.hangUp] closes it.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.accepted.add(c), nil
}

func listen(network, address string) (*listener, error) {
	switch network {
	case networkMemory:
		memory := listenInMemory()
		return &listener{Listener: memory, address: memoryAddress, dial: memory.dial}, nil
	case "unix":
		// gRPC's unix:// targets want an absolute path.
		path, err := filepath.Abs(address)
		if err != nil {
			return nil, err
		}
		l, err := listenUnix(&net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			return nil, err
		}
		return &listener{Listener: l, address: path}, nil
	default:
		at, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			return nil, err
		}
		l, err := net.ListenTCP("tcp", at)
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w; stop what listens there, or give another port: 0 picks a free one", err)
		}
		if err != nil {
			return nil, err
		}
		return &listener{Listener: l, address: l.Addr().String()}, nil
	}
}

// listenUnix listens on a socket. A server that was killed leaves its socket behind, which
// nothing listens on any more: that one it replaces.
func listenUnix(at *net.UnixAddr) (*net.UnixListener, error) {
	l, err := net.ListenUnix("unix", at)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	if info, failed := os.Lstat(at.Name); failed != nil || info.Mode()&fs.ModeSocket == 0 {
		return nil, fmt.Errorf("%w: there is a file that is no socket; name another path", err)
	}
	conn, failed := net.DialUnix("unix", nil, at)
	if failed == nil {
		_ = conn.Close() // it has told what it was for
	}
	if !errors.Is(failed, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%w: another program listens there; stop it, or name another path", err)
	}
	if err := os.Remove(at.Name); err != nil {
		return nil, err
	}
	return net.ListenUnix("unix", at)
}
