package kfptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const userHeader = "Kubeflow-Userid"

type userKey struct{}

// Interceptor checks the callers over gRPC as [Server.Handler] does those over HTTP.
func (s *Server) Interceptor() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		ctx, err := s.identify(ctx, md[strings.ToLower(userHeader)], md["authorization"])
		if err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// identify finds out who makes a call, by the values of two headers.
func (s *Server) identify(ctx context.Context, users, tokens []string) (context.Context, error) {
	if !s.MultiUser {
		return ctx, nil
	}
	reason := errors.New("there is no user identity header")
	switch {
	case len(users) == 1:
		return context.WithValue(ctx, userKey{}, users[0]), nil
	case len(users) > 1, len(tokens) > 1:
		reason = fmt.Errorf("unexpected number of headers, expect 1 got %d", max(len(users), len(tokens)))
	case len(tokens) == 1 && s.Review != nil:
		token, ok := strings.CutPrefix(tokens[0], "Bearer ")
		if !ok {
			break
		}
		user, err := s.Review(token)
		if err == nil {
			return context.WithValue(ctx, userKey{}, user), nil
		}
		reason = err
	}
	return nil, refusal(codes.Unauthenticated,
		"Failed to check authorization. User identity is empty in the request header: ", "Request header error: "+reason.Error())
}

// user returns who makes a call, over either carrier.
func (s *Server) user(ctx context.Context) string {
	if user, ok := ctx.Value(userKey{}).(string); ok {
		return user
	}
	if s.Caller == nil {
		return ""
	}
	return s.Caller(ctx)
}

// review is the check that the API server makes at Kubernetes (SubjectAccessReview).
func (s *Server) review(ctx context.Context, namespace string) error {
	members, limited := s.Members[namespace]
	if !limited {
		return nil
	}
	if user := s.user(ctx); !slices.Contains(members, user) {
		return refusal(codes.PermissionDenied, "", fmt.Sprintf("User '%s' is not authorized with reason: (not a member of %s)", user, namespace))
	}
	return nil
}

// refusal is an error as the API server makes them: the message has the whole chain of
// causes, and a detail has what people should read.
func refusal(code codes.Code, chain, outward string) error {
	whole := status.New(code, chain+outward)
	detailed, err := whole.WithDetails(&spb.Status{Code: int32(code), Message: outward}) //nolint:gosec // codes are small
	if err != nil {
		return whole.Err()
	}
	return detailed.Err()
}
