package clientset_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
)

// slowRenewal is a login with a refresh token that is good once; to renew it takes
// two seconds, whatever becomes of the client.
type slowRenewal struct{}

func (slowRenewal) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return slowRenewal{}.issue("first"), nil
}

func (slowRenewal) Renew(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	time.Sleep(2 * time.Second)
	return slowRenewal{}.issue("second"), nil
}

func (slowRenewal) issue(name string) *auth.Credentials {
	return &auth.Credentials{AccessToken: "access " + name, RefreshToken: "refresh " + name, Expiry: time.Now().Add(100 * time.Second)}
}

// Close ends calls at once, and then lets a renewal under way end: its answer is
// the only refresh token that is any good.
func TestCloseEndsCallsBeforeItWaitsForARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wire := bufconn.Listen(1 << 16)
		server := grpc.NewServer()
		healthpb.RegisterHealthServer(server, health.NewServer())
		go func() { _ = server.Serve(wire) }()
		defer server.Stop()
		dial := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return wire.DialContext(ctx) })
		store := &tokenstore.MemoryStore{}
		cs := made(t)(clientset.ForEndpoint("passthrough:///backend", clientset.WithDialOptions(dial), clientset.WithInsecure(),
			clientset.WithPlaintextCredentials(), clientset.WithFlow(slowRenewal{}), clientset.WithStore(store)))

		// Given a stream, and a renewal that a call has started,
		stream, err := healthpb.NewHealthClient(cs).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(89500 * time.Millisecond) // later than any refresh in the background begins
		if _, err := healthpb.NewHealthClient(cs).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the renewal is at the server

		// when the client is closed, the stream ends before the renewal does.
		begun := time.Now()
		ended := make(chan time.Duration, 1)
		go func() {
			_, err := stream.Recv()
			if !errors.Is(err, clientset.ErrClosed) {
				t.Errorf("the stream ended with %v, want ErrClosed", err)
			}
			ended <- time.Since(begun)
		}()
		if err := cs.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("Close took %v, want the 2 s of the renewal", took)
		}
		if took := <-ended; took != 0 {
			t.Errorf("the stream lived on for %v", took)
		}
		c, err := store.Retrieve(t.Context(), cs.Authenticator().Status().Key)
		if err != nil || c.RefreshToken != "refresh second" {
			t.Errorf("the store holds %v, %v", c, err)
		}
	})
}
