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
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"time"

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
	login, err := startAuthorizationServer(ctx)
	if err != nil {
		return err
	}
	defer login.Close()
	s, address, err := startService(ctx, serviceConfig{
		issuer: login.issuer, introspection: login.issuer + "/oauth2/introspect",
		clientID: "greeter-service", secret: "service-secret", log: out,
	})
	if err != nil {
		return err
	}
	defer s.Stop()
	return visit(ctx, out, address, &login.introspections)
}

// authorizationServer is the mock's, with a client for the service and two for its
// callers, of which one may not greet.
type authorizationServer struct {
	*http.Server
	issuer         string
	introspections atomic.Int32
	served         chan struct{}
}

func startAuthorizationServer(ctx context.Context) (*authorizationServer, error) {
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &authorizationServer{issuer: "http://" + lis.Addr().String(), served: make(chan struct{})}
	mock, err := mockserver.NewAuthorizationServer(oauth.Config{
		Issuer: a.issuer, Opaque: true,
		Clients: []oauth.Client{
			{ID: "greeter-service", Secret: "service-secret"},
			{ID: "batch", Secret: "batch-secret", Scopes: []string{"greet"}},
			{ID: "monitor", Secret: "monitor-secret", Scopes: []string{"watch"}},
		},
	})
	if err != nil {
		return nil, errors.Join(err, lis.Close())
	}
	a.Server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth2/introspect" {
			a.introspections.Add(1)
		}
		mock.ServeHTTP(w, r)
	})}
	go func() { defer close(a.served); _ = a.Serve(lis) }()
	return a, nil
}

// Close ends the server and waits for it.
func (a *authorizationServer) Close() {
	_ = a.Server.Close()
	<-a.served
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
