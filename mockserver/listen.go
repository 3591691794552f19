package mockserver

import (
	"context"
	"net"
	"path/filepath"
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
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
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
		if err != nil {
			return nil, err
		}
		return &listener{Listener: l, address: l.Addr().String()}, nil
	}
}
