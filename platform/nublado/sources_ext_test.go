package nublado_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

func incoming(h http.Header) context.Context {
	md := metadata.MD{}
	for name, values := range h {
		md.Append(strings.ToLower(name), values...)
	}
	return metadata.NewIncomingContext(context.Background(), md)
}

func TestNubladoRow05_ADelegatedTokenFromARequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	h := s.gafaelfawr.Delegate("ada", nubladotest.NotebookScope)
	for name, source := range map[string]nublado.Source{
		"HTTP headers":  nublado.FromRequest(h),
		"gRPC metadata": nublado.FromContext(incoming(h)),
	} {
		cs := s.client(t, nublado.Resolver{Source: source})
		got := s.call(t, cs)
		if got.Subject != "ada" || got.Scheme != "Bearer" || got.Values != 1 {
			t.Errorf("%s: %+v, want ada's single bearer token", name, got)
		}
		if user := cs.Authenticator().Status().Key.User; user != "ada" {
			t.Errorf("%s: user %q, want ada", name, user)
		}
	}
}

func TestNubladoRow05_AMissingHeaderIsNamed(t *testing.T) {
	t.Parallel()
	s := start(t)
	good := s.gafaelfawr.Delegate("ada", nubladotest.NotebookScope)
	with := func(name string, values ...string) http.Header {
		h := good.Clone()
		h[name] = values
		return h
	}
	for _, test := range []struct {
		h    http.Header
		want string
	}{
		{http.Header{}, "X-Auth-Request-User: the request has no such header"},
		{with(nublado.HeaderUser), "X-Auth-Request-User: the request has no such header"},
		{with(nublado.HeaderUser, " "), "X-Auth-Request-User: the request has no such header"},
		{with(nublado.HeaderToken), "X-Auth-Request-Token: the request has no such header"},
		{with(nublado.HeaderToken, ""), "X-Auth-Request-Token: the request has no such header"},
		{with(nublado.HeaderToken, good.Get(nublado.HeaderToken), good.Get(nublado.HeaderToken)), "X-Auth-Request-Token: the request has 2 of this header"},
		{with(nublado.HeaderUser, "ada", "eve"), "X-Auth-Request-User: the request has 2 of this header"},
		{with(nublado.HeaderUser, "Ada Lovelace"), "X-Auth-Request-User: username"},
		{with(nublado.HeaderToken, "canary"), "X-Auth-Request-Token: Token does not start with gt-"},
		{with(nublado.HeaderToken, "gt-canary"), "X-Auth-Request-Token: Token is malformed"},
	} {
		for kind, source := range map[string]nublado.Source{"HTTP": nublado.FromRequest(test.h), "gRPC": nublado.FromContext(incoming(test.h))} {
			_, err := s.connect(t, nublado.Resolver{Source: source})
			var e *nublado.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: %v, want %q and no secret", kind, err, test.want)
			}
		}
	}
	s.untouched(t)
}

func TestNubladoRow06_ATokenIsCreatedAndRenewed(t *testing.T) {
	t.Parallel()
	for _, success := range []int{http.StatusCreated, http.StatusOK} {
		t.Run(fmt.Sprint(success), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Given an administrator's token ...
				s := start(t)
				s.gafaelfawr.Succeed(success)
				admin := s.gafaelfawr.IssueToken("root", 0, "admin:token")
				cs := s.client(t, nublado.Resolver{Source: nublado.Created{
					Username: "bot-tester", Admin: flow.SecretValue(admin), Scopes: []string{nublado.DefaultScope, "read:tap"}, Lifetime: time.Hour,
				}})
				// ... when calls are made, then a token is asked for, once ...
				first := s.call(t, cs)
				s.call(t, cs)
				all := s.gafaelfawr.Requests()
				if first.Subject != "bot-tester" || len(all) != 1 {
					t.Fatalf("%+v after %d token requests, want the bot's token after one", first, len(all))
				}
				if r := all[0]; r.Admin != "root" || r.TokenType != "service" || r.Username != "bot-tester" ||
					!slices.Equal(r.Scopes, []string{"exec:notebook", "read:tap"}) || r.Expires == nil || r.Status != success {
					t.Errorf("request %+v", r)
				}
				// ... and again before it ends, beside the call that finds it near its end ...
				time.Sleep(59*time.Minute + 20*time.Second)
				s.call(t, cs)
				synctest.Wait()
				if n := len(s.gafaelfawr.Requests()); n != 2 {
					t.Errorf("%d token requests 40 s before the end, want a second", n)
				}
				// ... at the end, and when it was revoked.
				second := s.call(t, cs)
				time.Sleep(59*time.Minute + 55*time.Second)
				third := s.call(t, cs)
				s.gafaelfawr.RevokeTokens("bot-tester")
				fourth := s.call(t, cs)
				if second.TokenID == first.TokenID || third.TokenID == second.TokenID || fourth.TokenID == third.TokenID || len(s.gafaelfawr.Requests()) != 4 {
					t.Errorf("%d token requests, want a new one each time", len(s.gafaelfawr.Requests()))
				}
				if text := s.log.String(); strings.Contains(text, admin[len("gt-")+23:]) || !strings.Contains(text, `"key":"`) {
					t.Errorf("the log shows the secret, or no key: %s", text)
				}
			})
		})
	}
}

func TestNubladoRow06_TheShortestLifetimeIsAccepted(t *testing.T) {
	t.Parallel()
	s := start(t)
	cs := s.client(t, nublado.Resolver{Source: nublado.Created{
		Username: "bot-tester", Admin: flow.SecretValue(s.gafaelfawr.IssueToken("root", 0, "admin:token")), Lifetime: gafaelfawr.MinLifetime,
	}})
	// However long the request is on its way.
	if got := s.call(t, cs); got.Subject != "bot-tester" {
		t.Errorf("%+v, want the bot's token", got)
	}
	if all := s.gafaelfawr.Requests(); len(all) != 1 || time.Until(*all[0].Expires) > 6*time.Minute {
		t.Errorf("%+v, want one request for little more than five minutes", all)
	}
}

func TestNubladoRow06_EveryRejectionHasItsOwnError(t *testing.T) {
	t.Parallel()
	detail := func(kind, text string) string { return `{"detail":[{"type":"` + kind + `","msg":"` + text + `"}]}` }
	for _, test := range []struct {
		name  string
		setup func(s *science) string // returns the admin token
		scope string
		kind  error
		text  string
		code  codes.Code
	}{
		{"no scope", func(s *science) string { return s.gafaelfawr.IssueToken("ada", 0, "exec:notebook") }, "", gafaelfawr.ErrPermissionDenied, "[HTTP 403] permission_denied: Token does not have required scope admin:token", codes.Unauthenticated},
		{"bad token", func(*science) string { return stranger }, "", gafaelfawr.ErrInvalidToken, "[HTTP 401] invalid_token: Token is not valid", codes.Unauthenticated},
		{"token lost on the way", func(s *science) string {
			s.gafaelfawr.Fail(401, nil, `{"detail":{"type":"no_authorization","msg":"Authentication required"}}`)
			return stranger
		}, "", gafaelfawr.ErrNoAuthorization, "[HTTP 401] no_authorization: Authentication required", codes.Unauthenticated},
		{"unknown scope", func(s *science) string { return s.gafaelfawr.IssueToken("root", 0, "admin:token") }, "no:such", gafaelfawr.ErrInvalidRequest, "[HTTP 422] invalid_scopes: Unknown scopes requested", codes.Unauthenticated},
		{"not found", func(s *science) string {
			s.gafaelfawr.Fail(404, nil, detail("not_found", "no such route"))
			return stranger
		}, "", gafaelfawr.ErrNotFound, "[HTTP 404]", codes.Unavailable},
		{"too many", func(s *science) string {
			s.gafaelfawr.Fail(429, http.Header{"Retry-After": {"7"}}, detail("rate", "x"))
			return stranger
		}, "", gafaelfawr.ErrRateLimited, "(wait 7s)", codes.Unavailable},
		{"out of order", func(s *science) string { s.gafaelfawr.Fail(502, nil, "<html>"); return stranger }, "", gafaelfawr.ErrWeb, "[HTTP 502]", codes.Unavailable},
		{"a redirect", func(s *science) string {
			s.gafaelfawr.Fail(302, http.Header{"Location": {"http://127.0.0.1:9000/login"}}, "")
			return stranger
		}, "", gafaelfawr.ErrWeb, "redirect", codes.Unavailable},
		{"the secret echoed", func(s *science) string {
			s.gafaelfawr.Fail(422, nil, detail("x", "secret "+stranger[26:]))
			return stranger
		}, "", gafaelfawr.ErrInvalidRequest, "secret [redacted]", codes.Unauthenticated},
		{"no token in it", func(s *science) string { s.gafaelfawr.Fail(201, nil, `{"token": "gt-canary"}`); return stranger }, "", gafaelfawr.ErrMalformed, "Token is malformed", codes.Unavailable},
		{"the token echoed", func(s *science) string {
			s.gafaelfawr.Fail(403, nil, detail("x", "token "+stranger+"\\u001b[2J"))
			return stranger
		}, "", gafaelfawr.ErrPermissionDenied, "[redacted]", codes.Unauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			admin := test.setup(s)
			source := nublado.Created{Username: "bot-tester", Admin: flow.SecretValue(admin)}
			if test.scope != "" {
				source.Scopes = []string{test.scope}
			}
			cs := s.client(t, nublado.Resolver{Source: source})
			err := list(t.Context(), cs)
			if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.text) || status.Code(err) != test.code {
				t.Errorf("%v (%v), want %q (%v)", err, status.Code(err), test.text, test.code)
			}
			if rejected := test.code == codes.Unauthenticated; errors.Is(err, auth.ErrRejected) != rejected {
				t.Errorf("ErrRejected: %v, want %v", !rejected, rejected)
			}
			if strings.Contains(err.Error(), admin[26:]) || strings.Contains(s.log.String(), admin[26:]) || strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret shows: %v", err)
			}
			if n := len(s.peer.Calls()); n != 0 {
				t.Errorf("%d calls went out", n)
			}
		})
	}
}

const stranger = "gt-AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB"

func TestNubladoRow06_InvalidRequestsAreRejectedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	s := start(t)
	good := nublado.Created{Username: "bot-x", Admin: flow.SecretValue(stranger)}
	change := func(f func(c *nublado.Created)) nublado.Source { c := good; f(&c); return c }
	for _, test := range []struct {
		source nublado.Source
		want   string
	}{
		{change(func(c *nublado.Created) { c.Username = "" }), "username is missing"},
		{change(func(c *nublado.Created) { c.Username = "tester" }), `Username "tester" must start with "bot-"`},
		{change(func(c *nublado.Created) { c.Username = "bot--x" }), "not valid"},
		{change(func(c *nublado.Created) { c.Name = "x" }), "only user tokens have one"},
		{change(func(c *nublado.Created) { c.Type = gafaelfawr.User }), "token name is missing"},
		{change(func(c *nublado.Created) { c.Type = "other" }), "must be service or user"},
		{change(func(c *nublado.Created) { c.Lifetime = time.Minute }), "Token must be valid for at least five minutes"},
		{change(func(c *nublado.Created) { c.Admin = flow.Secret{} }), "Admin: not set"},
		{change(func(c *nublado.Created) { c.Admin = flow.SecretEnv("JETWAY_NO_SUCH") }), "Admin: environment variable JETWAY_NO_SUCH is not set"},
		{change(func(c *nublado.Created) { c.Admin = flow.SecretValue("canary") }), "Admin: Token does not start with gt-"},
	} {
		_, err := s.connect(t, nublado.Resolver{Source: test.source})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
	s.untouched(t)
}

func TestNubladoRow07_ARotatedSecretIsReadAgain(t *testing.T) { //nolint:paralleltest // sets a variable
	s := start(t)
	path := filepath.Join(t.TempDir(), "token")
	for name, test := range map[string]struct {
		token flow.Secret
		put   func(t *testing.T, token string) error
	}{
		"file": {flow.SecretFile(path), func(_ *testing.T, token string) error { return os.WriteFile(path, []byte(" "+token+"\n"), 0o600) }},
		"environment": {flow.SecretEnv("JETWAY_BOT_TOKEN"), func(t *testing.T, token string) error {
			t.Helper()
			t.Setenv("JETWAY_BOT_TOKEN", token)
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			// Given a service whose secret is in use ...
			put := func() {
				t.Helper()
				if err := test.put(t, s.gafaelfawr.IssueToken("bot-reader", 0, nubladotest.NotebookScope)); err != nil {
					t.Fatal(err)
				}
			}
			put()
			cs := s.client(t, nublado.Resolver{Source: nublado.Service{Username: "bot-reader", Token: test.token}})
			first := s.call(t, cs)
			// ... when it is replaced ...
			s.gafaelfawr.RevokeTokens("bot-reader")
			put()
			s.peer.Reset()
			// ... then the next call is refused, and made once more with the new one.
			second := s.call(t, cs)
			calls := s.peer.Calls()
			if len(calls) != 2 || calls[0].TokenID != first.TokenID || second.TokenID == first.TokenID || second.Subject != "bot-reader" {
				t.Errorf("calls %+v, want one with the old token and one with the new", calls)
			}
			// And when it is not replaced, then the call fails and says so.
			s.gafaelfawr.RevokeTokens("bot-reader")
			if err := list(t.Context(), cs); !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
				t.Errorf("%v, want ErrRejected", err)
			}
		})
	}
}

func TestNubladoRow07_MissingSecretsAreNamed(t *testing.T) {
	t.Parallel()
	s := start(t)
	malformed := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(malformed, []byte("gt-canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		source nublado.Service
		want   string
	}{
		{nublado.Service{Token: flow.SecretValue(stranger)}, "Username: username is missing"},
		{nublado.Service{Username: "bot-x"}, "Token: not set"},
		{nublado.Service{Username: "bot-x", Token: flow.SecretValue("")}, "Token: the given value is empty"},
		{nublado.Service{Username: "bot-x", Token: flow.SecretEnv("JETWAY_NO_SUCH")}, "Token: environment variable JETWAY_NO_SUCH is not set"},
		{nublado.Service{Username: "bot-x", Token: flow.SecretFile("/no/such/file")}, "/no/such/file"},
		{nublado.Service{Username: "bot-x", Token: flow.SecretFile(malformed)}, "Token: Token is malformed (file " + malformed + ")"},
	} {
		_, err := s.connect(t, nublado.Resolver{Source: test.source})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
	s.untouched(t)
}
