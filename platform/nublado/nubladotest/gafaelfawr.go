package nubladotest

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

// NotebookScope is the scope that calls of Nublado require.
const NotebookScope = "exec:notebook"

// token is the state of one token.
type token struct {
	user   string
	scopes []string
	expiry time.Time // zero: never
}

// Gafaelfawr is the API that creates tokens, an http.Handler of /auth/api/v1/tokens,
// and the ingress that checks them, a serverauth.Verifier. It is safe for concurrent use.
type Gafaelfawr struct {
	now func() time.Time

	mu       sync.Mutex
	tokens   map[string]token
	requests []TokenRequest
	success  int
	fail     *failure
	scopes   []string
}

// NewGafaelfawr makes a Gafaelfawr that does not listen; a nil now means time.Now.
func NewGafaelfawr(now func() time.Time) *Gafaelfawr {
	if now == nil {
		now = time.Now
	}
	return &Gafaelfawr{
		now: now, tokens: map[string]token{}, success: http.StatusCreated,
		scopes: []string{"admin:token", "admin:userinfo", NotebookScope, "read:tap", "user:token"},
	}
}

// IssueToken makes a token of a user; a life of zero means that it does not expire.
func (s *Gafaelfawr) IssueToken(user string, life time.Duration, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(user, s.expiry(life), scopes)
}

func (s *Gafaelfawr) expiry(life time.Duration) time.Time {
	if life == 0 {
		return time.Time{}
	}
	return s.now().Add(life)
}

func (s *Gafaelfawr) add(user string, expiry time.Time, scopes []string) string {
	text := "gt-" + part() + "." + part()
	s.tokens[text] = token{user, slices.Clone(scopes), expiry}
	return text
}

func part() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Delegate returns the headers that the ingress adds to a request of a user: the name,
// and a delegated token with these scopes.
func (s *Gafaelfawr) Delegate(user string, scopes ...string) http.Header {
	h := http.Header{}
	h.Set("X-Auth-Request-User", user)
	h.Set("X-Auth-Request-Token", s.IssueToken(user, time.Hour, scopes...))
	return h
}

// RevokeTokens revokes every token of a user.
func (s *Gafaelfawr) RevokeTokens(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text, t := range s.tokens {
		if t.user == user {
			delete(s.tokens, text)
		}
	}
}

// Verify accepts a call with a bearer token that has not expired and has [NotebookScope].
func (s *Gafaelfawr) Verify(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
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

func (s *Gafaelfawr) live(text string) (token, bool) {
	t, ok := s.tokens[text]
	return t, ok && (t.expiry.IsZero() || s.now().Before(t.expiry))
}

// Succeed sets the HTTP status of a success: 201 by default; the mock server of the
// Python client answers 200.
func (s *Gafaelfawr) Succeed(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.success = status
}

type failure struct {
	status int
	header http.Header
	body   string
}

// Fail answers every request with this status, header and body; status 0 ends that.
func (s *Gafaelfawr) Fail(status int, header http.Header, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = nil
	if status != 0 {
		s.fail = &failure{status, header, body}
	}
}
