package clientset

import (
	"context"

	"google.golang.org/grpc"
)

// connection stands for the gRPC connection until that is made: finding out how
// to log in rides on it, and the interceptors that it is made with log in. What
// is asked on it belongs to no call, so Close has to end it.
type connection struct {
	*grpc.ClientConn

	closed <-chan struct{}
}

// Invoke makes a unary call that ends with the ClientSet, pauses between attempts
// included.
func (c *connection) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithCancel(ctx)
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
