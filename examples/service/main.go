// Service is a gRPC service of one's own, behind a login, with a client that finds
// out by itself how to log in.
//
// The service accepts access tokens of one authorization server, which it asks about
// each token, and tells its clients which server that is. Everything runs on this
// machine; the authorization server is the mock's.
//
// Read service.go for the service and client.go for its clients. greeter.go has what
// protoc-gen-go-grpc generates for other services.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	out = &shared{out: out} // the service logs to it while the clients print
	login, err := startAuthorizationServer()
	if err != nil {
		return err
	}
	defer login.Close()
	s, address, err := startService(ctx, serviceConfig{
		issuer: login.Issuer(), introspection: login.IntrospectionURL(),
		clientID: "greeter-service", secret: "service-secret", log: out,
	})
	if err != nil {
		return err
	}
	defer s.Stop()
	return visit(ctx, out, address, func() int { return introspections(login) })
}

// startAuthorizationServer starts the mock with a client for the service and two for its
// callers, of which one may not greet.
func startAuthorizationServer() (*mockserver.Server, error) {
	return mockserver.New(mockserver.WithOAuth(oauth.Config{
		Opaque: true,
		Clients: []oauth.Client{
			{ID: "greeter-service", Secret: "service-secret"},
			{ID: "batch", Secret: "batch-secret", Scopes: []string{"greet"}},
			{ID: "monitor", Secret: "monitor-secret", Scopes: []string{"watch"}},
		},
	}))
}

// introspections returns how many requests have reached the introspection endpoint.
func introspections(login *mockserver.Server) int {
	n := 0
	for _, r := range login.Requests() {
		if r.Endpoint == oauth.EndpointIntrospection {
			n++
		}
	}
	return n
}

// shared is a writer for several goroutines.
type shared struct {
	mu  sync.Mutex
	out io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}
