// Package peertest is a gRPC backend whose credentials any serverauth.Verifier checks. It
// is for tests of systems whose own API is not gRPC: it shows whether the credentials of
// a login are accepted.
//
// [New] starts one with the services of mockserver/backend, on 127.0.0.1 or in memory.
// [Peer.Calls] returns the credentials of each call, and [HTTPClient] makes requests to
// http.Handlers without a socket, so that a whole login can run in a testing/synctest
// bubble.
package peertest

import (
	"context"
	"errors"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/mockserver/backend"
)

const bufferSize = 1 << 20

// Config configures a [Peer]. Verifier is required.
type Config struct {
	// Verifier checks the credentials of every call.
	Verifier serverauth.Verifier
	// Memory listens in memory: only [Peer.DialOption] connects to it.
	Memory bool
	// Address is a TCP address to listen on; empty means a free port of 127.0.0.1.
	Address string
}

// Peer is a running backend. Safe for concurrent use.
type Peer struct {
	verifier serverauth.Verifier
	listener net.Listener
	memory   *bufconn.Listener // nil on TCP
	server   *grpc.Server
	backend  *backend.Backend
	serving  sync.WaitGroup
	close    sync.Once

	mu    sync.Mutex
	calls []*Call
}

// New starts a Peer.
func New(ctx context.Context, c Config) (*Peer, error) {
	if c.Verifier == nil {
		return nil, errors.New("peertest: set Config.Verifier")
	}
	p := &Peer{verifier: c.Verifier, backend: backend.New(backend.Config{})}
	if c.Memory {
		p.memory = bufconn.Listen(bufferSize)
		p.listener = p.memory
	} else {
		address := c.Address
		if address == "" {
			address = "127.0.0.1:0"
		}
		var err error
		if p.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", address); err != nil {
			return nil, err
		}
	}
	verify := serverauth.VerifierFunc(p.verify)
	p.server = grpc.NewServer(
		grpc.ChainUnaryInterceptor(p.unary, serverauth.Unary(verify)),
		grpc.ChainStreamInterceptor(p.stream, serverauth.Stream(verify)),
	)
	p.backend.Register(p.server)
	p.serving.Go(func() { _ = p.server.Serve(p.listener) }) // ends when Close stops it
	return p, nil
}

// Endpoint returns host:port, or the target for [Peer.DialOption].
func (p *Peer) Endpoint() string {
	if p.memory != nil {
		return "passthrough:///localhost"
	}
	return p.listener.Addr().String()
}

// DialOption returns an option that connects every address to this peer, so that a
// client can use the name of a real server.
func (p *Peer) DialOption() grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		if p.memory != nil {
			return p.memory.DialContext(ctx)
		}
		return new(net.Dialer).DialContext(ctx, "tcp", p.listener.Addr().String())
	})
}

// Backend returns the state of the services.
func (p *Peer) Backend() *backend.Backend { return p.backend }

// Close ends every call and stops listening. Calling it again does nothing.
func (p *Peer) Close() error {
	p.close.Do(func() {
		p.backend.Close()
		p.server.Stop()
		p.serving.Wait()
	})
	return nil
}
