package clientset

import (
	"context"

	"google.golang.org/grpc"
)

// connection stands for the gRPC connection until that is made: discovery uses the
// connection, and its interceptors use the login, which uses discovery. The calls of
// discovery belong to no call of the program, so Close has to end them.
type connection struct {
	*grpc.ClientConn

	closed <-chan struct{}
}

// Invoke makes a unary call that ends with the ClientSet, pauses between attempts
// included.
func (c *connection) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithCancel(context.WithValue(ctx, discoveryKey{}, true))
	defer cancel()
	go func() {
		select {
		case <-c.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return c.ClientConn.Invoke(ctx, method, args, reply, opts...)
}

// discoveryKey marks the context of a call of discovery, which has none of the values
// that the program gives to its own calls.
type discoveryKey struct{}

func isDiscovery(ctx context.Context) bool { return ctx.Value(discoveryKey{}) != nil }
