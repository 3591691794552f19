package clientset

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Discovery belongs to no call of the program, and may be in a pause between two
// attempts, which closing the connection does not end.
func TestCloseEndsCallsOfDiscovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // where a call that hangs is found out at once
		begun := make(chan struct{})
		pause := func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}
		conn, err := grpc.NewClient("passthrough:///unused",
			grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithChainUnaryInterceptor(pause))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		closed := make(chan struct{})
		c := &connection{ClientConn: conn, closed: closed}
		ended := make(chan error, 1)
		go func() { ended <- c.Invoke(context.WithoutCancel(t.Context()), "/a/b", nil, nil) }()
		<-begun
		close(closed)
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the call ended with %v", err)
		}
	})
}
