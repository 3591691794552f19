// Package gafaelfawr is a mock of Gafaelfawr: the API that makes tokens, the check
// of tokens that its ingress does, and the headers that the ingress adds.
//
// [New] makes an http.Handler for /auth/api/v1 that is also the
// serverauth.Verifier of its own tokens. It is strict: requests with unknown
// fields, or for what the token of the caller may not do, are refused with the
// errors that the real one has.
package gafaelfawr

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// NotebookScope is what calls of Nublado need.
const NotebookScope = "exec:notebook"

// token is what is known of a token.
type token struct {
	user   string
	scopes []string
	expiry time.Time // zero: never
}

// Server is the mock. Safe for concurrent use.
type Server struct {
	now func() time.Time

	mu       sync.Mutex
	tokens   map[string]token
	requests []Request
	success  int
	fail     *failure
	scopes   []string
}

// New makes a Server; a nil now means time.Now.
func New(now func() time.Time) *Server {
	if now == nil {
		now = time.Now
	}
	return &Server{
		now: now, tokens: map[string]token{}, success: http.StatusCreated,
		scopes: []string{"admin:token", "admin:userinfo", NotebookScope, "read:tap", "user:token"},
	}
}

// AddToken makes a token of a user; a zero life means that it never ends.
func (s *Server) AddToken(user string, life time.Duration, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(user, s.expiry(life), scopes)
}

func (s *Server) expiry(life time.Duration) time.Time {
	if life == 0 {
		return time.Time{}
	}
	return s.now().Add(life)
}

func (s *Server) add(user string, expiry time.Time, scopes []string) string {
	text := "gt-" + part() + "." + part()
	s.tokens[text] = token{user, slices.Clone(scopes), expiry}
	return text
}

func part() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Delegate is what the ingress adds to a request of a user: the name, and a token
// of its own with some of the scopes.
func (s *Server) Delegate(user string, scopes ...string) http.Header {
	h := http.Header{}
	h.Set("X-Auth-Request-User", user)
	h.Set("X-Auth-Request-Token", s.AddToken(user, time.Hour, scopes...))
	return h
}

// Revoke ends every token of a user.
func (s *Server) Revoke(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text, t := range s.tokens {
		if t.user == user {
			delete(s.tokens, text)
		}
	}
}

// Verify lets those in who show a live token that may use notebooks.
func (s *Server) Verify(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Scheme != "Bearer" || !strings.HasPrefix(p.Token, "gt-") {
		return serverauth.Identity{}, errors.New("no token")
	}
	t, ok := s.live(p.Token)
	switch {
	case !ok:
		return serverauth.Identity{}, errors.New("token is not valid")
	case !slices.Contains(t.scopes, NotebookScope):
		return serverauth.Identity{}, status.Error(codes.PermissionDenied, fmt.Sprintf("Token does not have required scope %s", NotebookScope))
	}
	return serverauth.Identity{Subject: t.user, Scopes: slices.Clone(t.scopes)}, nil
}

func (s *Server) live(text string) (token, bool) {
	t, ok := s.tokens[text]
	return t, ok && (t.expiry.IsZero() || s.now().Before(t.expiry))
}

// Succeed sets the status of a success: 201, or 200 as the mock of the Python
// client has it.
func (s *Server) Succeed(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.success = status
}

type failure struct {
	status int
	header http.Header
	body   string
}

// Fail makes every answer this one; a zero status ends that.
func (s *Server) Fail(status int, header http.Header, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = nil
	if status != 0 {
		s.fail = &failure{status, header, body}
	}
}
