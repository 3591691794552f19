package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"

	"google.golang.org/grpc"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// serve runs the service until ctx ends.
func serve(ctx context.Context, lookup func(string) (string, bool)) error {
	config := jupyterhub.Config{LookupEnv: lookup}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	auth, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Config: config, Logger: log})
	if err != nil {
		return err
	}
	calls := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(auth)),
		grpc.ChainStreamInterceptor(serverauth.Stream(auth)),
	)
	defer calls.Stop()
	authpb.RegisterIdentityServiceServer(calls, identity{})

	return jupyterhub.Service{Config: config, HTTP: auth.Middleware(http.HandlerFunc(page)), GRPC: calls, Logger: log}.Run(ctx)
}

// identity answers calls.
type identity struct {
	authpb.UnimplementedIdentityServiceServer
}

// UserInfo returns the caller's own identity.
func (identity) UserInfo(ctx context.Context, _ *authpb.UserInfoRequest) (*authpb.UserInfoResponse, error) {
	who, _ := serverauth.IdentityFromContext(ctx)
	name, _ := who.Claims["name"].(string)
	return &authpb.UserInfoResponse{Subject: who.Subject, Name: name}, nil
}

// page answers browsers.
func page(w http.ResponseWriter, r *http.Request) {
	caller, _ := jupyterhub.CallerFromContext(r.Context())
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	_ = encoder.Encode(caller.User) //nolint:errchkjson // texts
}
