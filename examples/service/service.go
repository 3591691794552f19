package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/interceptors/serverauth/authmetadata"
	"github.com/jetway-go/jetway/interceptors/serverauth/introspect"
)

const audience = "https://greeter.example.com"

type serviceConfig struct {
	issuer, introspection string // of the authorization server
	clientID, secret      string // of the service, for introspection
	log                   io.Writer
}

// startService serves on a free port. All methods are closed, except Version and those
// that tell clients how to log in.
func startService(ctx context.Context, c serviceConfig) (*grpc.Server, string, error) {
	verifier, err := introspect.New(introspect.Config{
		Endpoint: c.introspection, ClientID: c.clientID, ClientSecret: func() (string, error) { return c.secret, nil },
		Audience: audience, Scopes: []string{"greet"},
	})
	if err != nil {
		return nil, "", err
	}
	log := slog.New(slog.NewTextHandler(c.log, nil))
	opts := []serverauth.Option{
		serverauth.WithOpenMethods(versionMethod),
		serverauth.WithOpenMethods(authmetadata.OpenMethods()...),
		serverauth.WithLogger(log), // why credentials are refused; callers learn less,
	}
	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(verifier, opts...)),
		grpc.ChainStreamInterceptor(serverauth.Stream(verifier, opts...)),
	)
	register(s)

	// What clients need to know is what the authorization server publishes, and the
	// audience of this service.
	found := configstore.Overlay(configstore.Discovery(c.issuer, nil), configstore.ClientConfig{Audience: audience})
	login, err := found.ClientConfig(ctx)
	if err != nil {
		return nil, "", err
	}
	if err := authmetadata.Register(s, authmetadata.Config{Client: login}); err != nil {
		return nil, "", err
	}

	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	go func() {
		if err := s.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			log.Error("the service ended", "error", err)
		}
	}()
	return s, lis.Addr().String(), nil
}
