package mockserver

import (
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/mockserver/internal/authserver"
)

// verifier checks the access tokens of calls with the authorization server.
type verifier struct{ s *Server }

// Verify returns Unauthenticated for an access token that is not accepted, and
// PermissionDenied for an accepted one without the scopes, which Flyte 1 does not tell
// from the former.
func (v verifier) Verify(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	info, err := v.s.check(p.Scheme, p.Token)
	if err != nil {
		return serverauth.Identity{}, err
	}
	for _, scope := range v.s.cfg.scopes {
		if !slices.Contains(info.Scopes, scope) {
			code := codes.PermissionDenied
			if strings.HasPrefix(p.Method, "/flyteidl.service.") {
				code = codes.Unauthenticated
			}
			return serverauth.Identity{}, status.Errorf(code, "the token lacks scope %q, which %s needs", scope, p.Method)
		}
	}
	return serverauth.Identity{Subject: info.Subject, Scopes: info.Scopes, Claims: info.Claims}, nil
}

// check returns an error if an access token is not accepted now.
func (s *Server) check(scheme, token string) (authserver.TokenInfo, error) {
	if token == "" {
		return authserver.TokenInfo{}, status.Errorf(codes.Unauthenticated, "no access token in metadata %q: log in first", s.cfg.headerKey)
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return authserver.TokenInfo{}, status.Errorf(codes.Unauthenticated, "want a Bearer token in metadata %q", s.cfg.headerKey)
	}
	info, err := s.tokens().Verify(token, s.cfg.audience)
	if bad, ok := errors.AsType[*authserver.TokenError](err); ok {
		s.tokens().NoteRefusal(token, bad.Err)
		return authserver.TokenInfo{}, status.Errorf(codes.Unauthenticated, "token %s is not accepted: %v", bad.ID, bad.Err)
	}
	return info, err
}

// checkAgain checks the access token of a call under way once more.
func (s *Server) checkAgain(ctx context.Context, method string) error {
	if s.cfg.open || isOpen(method) {
		return nil
	}
	values := metadata.ValueFromIncomingContext(ctx, s.cfg.headerKey)
	if len(values) != 1 {
		return status.Errorf(codes.Unauthenticated, "want one value of metadata %q", s.cfg.headerKey)
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	_, err := s.check(scheme, strings.TrimSpace(token))
	return err
}

// tokens returns the authorization server whose access tokens calls need.
func (s *Server) tokens() *authserver.Server {
	if s.cfg.controlPlane != nil {
		return s.cfg.controlPlane.oauth
	}
	return s.oauth
}
