package clientset

import (
	"context"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/internal/endpoint"
)

// ForConn makes a ClientSet on a connection that the program has already, such as one
// that carries its own credentials. This package adds nothing to its calls: no login,
// metadata or retry. Nothing is dialled.
//
// Close leaves cc open and does not end calls under way; new calls end with
// [ErrClosed], and Shutdown waits for those under way. Login fails with an [*Error],
// Authenticator returns nil, Org is empty. Endpoint returns the target of cc if cc has
// a method Target() string, as a *grpc.ClientConn has, and "" otherwise. Errors of calls
// are those of cc. With a nil cc every call fails with an [*Error].
func ForConn(cc grpc.ClientConnInterface) *ClientSet {
	set := &ClientSet{cc: cc, gate: newGate(), closed: make(chan struct{})}
	switch cc := cc.(type) {
	case nil:
		set.cc = noConn{set}
	case interface{ Target() string }:
		set.endpoint = endpoint.Endpoint{Target: cc.Target()}
	}
	set.services = newServices(set)
	return set
}

// noConn stands for a connection that was not given.
type noConn struct{ set *ClientSet }

func (n noConn) Invoke(_ context.Context, _ string, _, _ any, opts ...grpc.CallOption) error {
	return notMade(opts, n.err())
}

func (n noConn) NewStream(
	_ context.Context, _ *grpc.StreamDesc, _ string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return nil, notMade(opts, n.err())
}

func (n noConn) err() error { return n.set.fail(opCall, errNoConn) }
