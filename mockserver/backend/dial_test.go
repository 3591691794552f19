package backend

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// dial serves a new backend on an in-memory listener until the test ends and
// returns a connection to it. It has one project, "demo".
func dial(t *testing.T, cfg Config, opts ...grpc.ServerOption) (*Backend, *grpc.ClientConn) {
	t.Helper()
	b := New(cfg)
	b.AddProject(Project{ID: "demo", Name: "Demo"})
	lis := bufconn.Listen(1 << 20)
	srv := grpc.NewServer(opts...)
	b.Register(srv)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()

	conn, err := grpc.NewClient("passthrough:///backend.test",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() {
		b.Close()
		if err := conn.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		srv.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return b, conn
}

// wantCode fails the test unless err has this code; nil has OK.
func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Fatalf("got %v (%v), want %v", got, err, want)
	}
}

// wantStatus is wantCode and the exact text.
func wantStatus(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	wantCode(t, err, code)
	if got := status.Convert(err).Message(); got != text {
		t.Fatalf("message %q, want %q", got, text)
	}
}
