package jupyterhub_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

func TestJupyterHubRow03_LegacyCookieAndToken(t *testing.T) {
	t.Parallel()
	for _, generation := range []hubtest.Generation{hubtest.Legacy, hubtest.Both} {
		h, _ := start(t, hubtest.Config{Generation: generation})
		a := identifier(t, h, legacy)
		// A cookie, with and without the quotes that some clients keep.
		value := h.ServicesCookie("alice")
		for _, v := range []string{value, `"` + value + `"`} {
			u, err := a.UserForCookie(t.Context(), v)
			if err != nil || u.Name != "alice" || len(u.Groups) != 1 {
				t.Errorf("cookie: %+v, %v", u, err)
			}
		}
		u, err := a.UserForToken(t.Context(), h.IssueToken("zoe", 0))
		if err != nil || u.Name != "zoe" || !u.Admin {
			t.Errorf("token: %+v, %v", u, err)
		}
		// 404 means that no user was identified.
		if _, err := a.UserForCookie(t.Context(), "2|garbage/with%2Fslash"); !errors.Is(err, jupyterhub.ErrNoUser) {
			t.Errorf("garbage cookie: %v", err)
		}
		if _, err := a.UserForToken(t.Context(), "garbage"); !errors.Is(err, jupyterhub.ErrNoUser) {
			t.Errorf("garbage token: %v", err)
		}
		for _, r := range h.Requests() {
			if r.Scheme != "token" {
				t.Errorf("%s %s was asked with scheme %q", r.Method, r.Path, r.Scheme)
			}
		}
	}
}

func TestJupyterHubRow03_ATokenIsOneSegmentOfThePath(t *testing.T) {
	t.Parallel()
	var asked string
	a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
		Config: jupyterhub.Config{APIToken: flow.SecretValue("own"), LookupEnv: env(nil)}, Generation: jupyterhub.Legacy,
		HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			asked = strings.TrimPrefix(r.URL.EscapedPath(), "/hub/api/authorizations/") + " " + r.URL.RawQuery + r.URL.Fragment
			return recorder(http.StatusOK, `{"name":"alice"}`), nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	const value, escaped = "../a|b?c#d%2F", "..%2Fa%7Cb%3Fc%23d%252F"
	if _, err := a.UserForCookie(t.Context(), value); err != nil || asked != "cookie/jupyterhub-services/"+escaped+" " {
		t.Errorf("asked %q, %v", asked, err)
	}
	if _, err := a.UserForToken(t.Context(), value); err != nil || asked != "token/"+escaped+" " {
		t.Errorf("asked %q, %v", asked, err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestJupyterHubRow03_LegacyCookieOnACall(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{Generation: hubtest.Legacy})
	s := serve(t, identifier(t, h, legacy))
	c := &auth.Credentials{AccessToken: "a=b; jupyterhub-services=" + h.ServicesCookie("bob"), HeaderKey: "cookie", TokenType: auth.Raw}
	if err := check(t.Context(), with(t, s.Addr(), c)); err != nil {
		t.Fatal(err)
	}
	if got := s.Callers(); len(got) != 1 || got[0] != "bob" {
		t.Errorf("callers = %q", got)
	}
	// A modern hub has no such cookie, and the error says what to do.
	modern := identifier(t, h)
	_, err := modern.UserForCookie(t.Context(), "x")
	contains(t, fmt.Sprint(err), "removed in JupyterHub 2.0", "Generation")
}

func TestJupyterHubRow05_ScopesAndListsAuthorizeCallers(t *testing.T) {
	t.Parallel()
	user := func(name string, change ...func(*jupyterhub.User)) *jupyterhub.User {
		u := &jupyterhub.User{Name: name, Kind: "user"}
		for _, c := range change {
			c(u)
		}
		return u
	}
	scoped := func(scopes ...string) func(*jupyterhub.User) {
		return func(u *jupyterhub.User) { u.Scopes = scopes }
	}
	admin := func(u *jupyterhub.User) { u.Admin = true }
	grouped := func(groups ...string) func(*jupyterhub.User) {
		return func(u *jupyterhub.User) { u.Groups = groups }
	}
	svc := func(u *jupyterhub.User) { u.Kind = "service" }
	none := []string{}
	for name, tt := range map[string]struct {
		allow jupyterhub.Allow
		user  *jupyterhub.User
		want  bool
	}{
		"scope of the environment":    {jupyterhub.Allow{}, user("a", scoped(access)), true},
		"the whole scope":             {jupyterhub.Allow{}, user("a", scoped("access:services")), true},
		"another service's scope":     {jupyterhub.Allow{}, user("a", scoped("access:services!service=other")), false},
		"no scope":                    {jupyterhub.Allow{}, user("a"), false},
		"an admin without scope":      {jupyterhub.Allow{}, user("a", admin), false},
		"wider than asked":            {jupyterhub.Allow{Scopes: []string{access}}, user("a", scoped("access:services")), true},
		"given scope":                 {jupyterhub.Allow{Scopes: []string{"custom:x:read"}}, user("a", scoped("custom:x:read")), true},
		"given scope, not that":       {jupyterhub.Allow{Scopes: []string{"custom:x:read"}}, user("a", scoped(access)), false},
		"any of several":              {jupyterhub.Allow{Scopes: []string{"x", "y"}}, user("a", scoped("y")), true},
		"server by its owner":         {jupyterhub.Allow{Scopes: []string{"access:servers!server=ana/lab"}}, user("a", scoped("access:servers!user=ana")), true},
		"server of another owner":     {jupyterhub.Allow{Scopes: []string{"access:servers!server=ana/lab"}}, user("a", scoped("access:servers!user=an")), false},
		"narrower than asked":         {jupyterhub.Allow{Scopes: []string{"read:users"}}, user("a", scoped("read:users!user=a")), false},
		"nothing configured":          {jupyterhub.Allow{Scopes: none}, user("a"), true},
		"nothing configured, service": {jupyterhub.Allow{Scopes: none}, user("s", svc), true},
		"listed user":                 {jupyterhub.Allow{Scopes: none, Users: []string{"inara", "mal"}}, user("mal"), true},
		"unlisted user":               {jupyterhub.Allow{Scopes: none, Users: []string{"inara", "mal"}}, user("jayne"), false},
		"listed group":                {jupyterhub.Allow{Scopes: none, Groups: []string{"g"}}, user("a", grouped("f", "g")), true},
		"unlisted group":              {jupyterhub.Allow{Scopes: none, Groups: []string{"g"}}, user("a", grouped("f")), false},
		"user or group":               {jupyterhub.Allow{Scopes: none, Users: []string{"x"}, Groups: []string{"g"}}, user("a", grouped("g")), true},
		"admin let in":                {jupyterhub.Allow{Scopes: none, Users: []string{"x"}, Admin: true}, user("a", admin), true},
		"admin not let in":            {jupyterhub.Allow{Scopes: none, Users: []string{"x"}}, user("a", admin), false},
		"admins only":                 {jupyterhub.Allow{Scopes: none, Admin: true}, user("a"), false},
		"listed service":              {jupyterhub.Allow{Scopes: none, Services: []string{"s"}}, user("s", svc), true},
		"service as a user":           {jupyterhub.Allow{Scopes: none, Users: []string{"s"}}, user("s", svc), false},
		"user as a service":           {jupyterhub.Allow{Scopes: none, Services: []string{"s"}}, user("s"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := start(t, hubtest.Config{})
			a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Allow = tt.allow })
			err := a.Authorize(tt.user)
			if (err == nil) != tt.want {
				t.Fatalf("%v, want allowed: %v", err, tt.want)
			}
			if err != nil {
				if status.Code(err) != codes.PermissionDenied || !errors.Is(err, jupyterhub.ErrNotAllowed) {
					t.Errorf("%v", status.Code(err))
				}
				contains(t, err.Error(), tt.user.Kind+" "+tt.user.Name+" is not allowed")
			}
		})
	}
}

func TestJupyterHubRow05_RejectedCallersGetTheReason(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	s := serve(t, identifier(t, h))
	cs := as(t, s.Addr(), h.IssueToken("bob", 0))
	for range 2 {
		err := check(t.Context(), cs)
		if status.Code(err) != codes.PermissionDenied {
			t.Fatalf("%v", err)
		}
		contains(t, err.Error(), "user bob is not allowed", "none of the scopes access:services")
	}
	if n := len(s.Calls()); n != 2 {
		t.Errorf("%d attempts for two calls: a rejected call must not start a login", n)
	}
	// By lists, and for a legacy hub.
	listed := serve(t, identifier(t, h, legacy, func(c *jupyterhub.AuthConfig) { c.Allow.Groups = []string{"serenity"} }))
	if err := check(t.Context(), as(t, listed.Addr(), h.IssueToken("alice", 0))); err != nil {
		t.Error(err)
	}
	if err := check(t.Context(), as(t, listed.Addr(), h.IssueToken("bob", 0))); status.Code(err) != codes.PermissionDenied {
		t.Error(err)
	}
}

func TestJupyterHubRow06_HubDownIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, generation := range []jupyterhub.Generation{jupyterhub.Modern, jupyterhub.Legacy} {
		h, own := start(t, hubtest.Config{})
		var log secrettest.Sink
		s := serve(t, identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Generation, c.Logger = generation, log.Logger() }))
		token := h.IssueToken("alice", 0, access)
		h.Close()
		err := check(t.Context(), as(t, s.Addr(), token))
		if status.Code(err) != codes.Unavailable {
			t.Fatalf("%v", err)
		}
		contains(t, err.Error(), "Failed to connect to Hub API at '"+h.APIURL()+"'", "Is the Hub accessible", "hub_ip", "JUPYTERHUB_API_URL")
		contains(t, log.String(), "the request to the hub failed")
		for _, secret := range []string{token, own} {
			if strings.Contains(err.Error()+log.String(), secret) {
				t.Error("a secret is told")
			}
		}
	}
}

func TestJupyterHubRow06_EveryAnswerOfTheHubHasItsCode(t *testing.T) {
	t.Parallel()
	const scopes = `{"status":403,"message":"Action is not authorized with current scopes; requires any of [read:users]"}`
	for name, tt := range map[string]struct {
		answer     hubtest.Answer
		generation jupyterhub.Generation
		code       codes.Code
		http       int
		is         error
		want       string
	}{
		"403":             {hubtest.Answer{Status: 403, Body: `{"status":403,"message":"Forbidden"}`}, jupyterhub.Modern, codes.Unauthenticated, 403, jupyterhub.ErrNoUser, "identifies no user"},
		"403 page":        {hubtest.Answer{Status: 403, Body: `<html>`, ContentType: "text/html"}, jupyterhub.Modern, codes.Unauthenticated, 403, jupyterhub.ErrNoUser, ""},
		"403 scopes":      {hubtest.Answer{Status: 403, Body: scopes}, jupyterhub.Modern, codes.PermissionDenied, 403, jupyterhub.ErrNotAllowed, "requires any of [read:users]"},
		"403 own":         {hubtest.Answer{Status: 403, Body: `{"status":403,"message":"Forbidden"}`}, jupyterhub.Legacy, codes.Internal, 500, jupyterhub.ErrOwnToken, "may need a new token"},
		"403 own scopes":  {hubtest.Answer{Status: 403, Body: scopes}, jupyterhub.Legacy, codes.Internal, 500, jupyterhub.ErrOwnToken, ""},
		"404":             {hubtest.Answer{Status: 404, Body: `{}`}, jupyterhub.Modern, codes.Internal, 500, nil, "Failed to check authorization: there is no such API"},
		"404 legacy":      {hubtest.Answer{Status: 404, Body: `{}`}, jupyterhub.Legacy, codes.Unauthenticated, 403, jupyterhub.ErrNoUser, ""},
		"400":             {hubtest.Answer{Status: 400, Body: `{"error":"e","error_description":"de\nscribed"}`}, jupyterhub.Modern, codes.Internal, 500, nil, "Failed to check authorization: de scribed"},
		"401":             {hubtest.Answer{Status: 401, Body: `{"error":"named"}`}, jupyterhub.Modern, codes.Internal, 500, nil, "Failed to check authorization: named"},
		"409":             {hubtest.Answer{Status: 409, Body: `no JSON`}, jupyterhub.Modern, codes.Internal, 500, nil, "Failed to check authorization: Unknown error"},
		"302":             {hubtest.Answer{Status: 302, Body: ``}, jupyterhub.Modern, codes.Internal, 500, nil, "Unknown error"},
		"429":             {hubtest.Answer{Status: 429, Body: `{}`}, jupyterhub.Modern, codes.Unavailable, 502, jupyterhub.ErrUnavailable, ""},
		"500":             {hubtest.Answer{Status: 500, Body: `{}`}, jupyterhub.Modern, codes.Unavailable, 502, jupyterhub.ErrUnavailable, "Failed to check authorization (upstream problem)"},
		"503 legacy":      {hubtest.Answer{Status: 503, Body: `<html>`}, jupyterhub.Legacy, codes.Unavailable, 502, jupyterhub.ErrUnavailable, "upstream problem"},
		"200 page":        {hubtest.Answer{Status: 200, Body: `<html>`}, jupyterhub.Modern, codes.Internal, 500, nil, "not the JSON object"},
		"200 no user":     {hubtest.Answer{Status: 200, Body: `{"kind":"user"}`}, jupyterhub.Modern, codes.Internal, 500, nil, "names no user"},
		"200 null":        {hubtest.Answer{Status: 200, Body: `null`}, jupyterhub.Legacy, codes.Internal, 500, nil, "names no user"},
		"200 wrong types": {hubtest.Answer{Status: 200, Body: `{"name":["a"]}`}, jupyterhub.Modern, codes.Internal, 500, nil, "not the JSON object"},
		"200 too large":   {hubtest.Answer{Status: 200, Body: `{"name":"a","x":"` + strings.Repeat("y", 2<<20) + `"}`}, jupyterhub.Modern, codes.Internal, 500, nil, "not the JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := start(t, hubtest.Config{})
			a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Generation = tt.generation })
			token := h.IssueToken("alice", 0, access)
			h.Answer(tt.answer)
			_, err := a.UserForToken(t.Context(), token)
			var e *jupyterhub.Error
			if !errors.As(err, &e) || e.HTTP != tt.http || status.Code(err) != tt.code || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("%v (%v)", err, status.Code(err))
			}
			contains(t, err.Error(), tt.want)
			if strings.Contains(err.Error(), token) {
				t.Error("the error shows the token")
			}
			// Trouble is not remembered: once it has passed, the caller is known.
			if !errors.Is(err, jupyterhub.ErrNoUser) {
				if _, err := a.UserForToken(t.Context(), token); err != nil {
					t.Error("afterwards:", err)
				}
			}
		})
	}
}

func TestJupyterHubRow06_ARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	// Given a hub's address at which something sends askers elsewhere ...
	asked := 0
	a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
		Config: jupyterhub.Config{APIToken: flow.SecretValue("own"), LookupEnv: env(nil)},
		HTTP: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			asked++
			answer := recorder(http.StatusFound, "")
			answer.Header.Set("Location", "http://127.0.0.1:8081/elsewhere")
			return answer, nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	// ... then no token goes there.
	if _, err := a.UserForToken(t.Context(), "t"); status.Code(err) != codes.Internal || asked != 1 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

func TestJupyterHubRow06_ARevokedOwnTokenIsAnInternalError(t *testing.T) {
	t.Parallel()
	h, own := start(t, hubtest.Config{})
	s := serve(t, identifier(t, h, legacy))
	h.RevokeToken(own)
	err := check(t.Context(), as(t, s.Addr(), h.IssueToken("alice", 0)))
	if status.Code(err) != codes.Internal {
		t.Fatalf("%v", err)
	}
	contains(t, err.Error(), "Permission failure checking authorization, I may need a new token")
}
