package introspect_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/interceptors/serverauth/introspect"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const audience = "greeter"

// mock is an authorization server in memory, for use in a synctest bubble, with a
// client for the service and one for its callers.
type mock struct{ *mockserver.Server }

func newMock(t *testing.T) mock {
	t.Helper()
	return mock{mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOAuth(oauth.Config{
		Opaque: true,
		Clients: []oauth.Client{
			{ID: "service: ä", Secret: "p:ass w/ord%"},
			{ID: "caller", Secret: "caller-secret"},
		},
	}))}
}

// verifier returns one for the mock's client "service: ä"; change may be nil.
func (m mock) verifier(t *testing.T, change func(*introspect.Config)) *introspect.Verifier {
	t.Helper()
	c := introspect.Config{
		Endpoint: m.Issuer() + "/oauth2/introspect", ClientID: "service: ä", ClientSecret: secret("p:ass w/ord%"),
		Audience: audience, HTTP: m.HTTPClient(),
	}
	if change != nil {
		change(&c)
	}
	v, err := introspect.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func secret(s string) func() (string, error) { return func() (string, error) { return s, nil } }

// token returns one for the mock's audience; change may be nil.
func (m mock) token(t *testing.T, change func(*oauth.TokenSpec)) string {
	t.Helper()
	spec := oauth.TokenSpec{Subject: "ada", ClientID: "caller", Scopes: []string{"read", "greet"}, Audience: []string{"other", audience}}
	if change != nil {
		change(&spec)
	}
	issued, err := m.Script().IssueToken(spec)
	if err != nil {
		t.Fatal(err)
	}
	return issued.AccessToken
}

// asked returns how many introspection requests arrived.
func (m mock) asked() (n int) {
	for _, r := range m.Requests() {
		if strings.HasSuffix(r.Method, "/oauth2/introspect") {
			n++
		}
	}
	return n
}

func verify(ctx context.Context, v *introspect.Verifier, token string) (serverauth.Identity, error) {
	return v.Verify(ctx, serverauth.Presented{Scheme: "Bearer", Token: token, Method: "/example.Greeter/Greet"})
}

func TestActiveTokensNameTheirCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMock(t)
		token := m.token(t, nil)
		for name, inBody := range map[string]bool{"secret in the header": false, "secret in the body": true} {
			v := m.verifier(t, func(c *introspect.Config) { c.SecretInBody = inBody })
			id, err := verify(t.Context(), v, token)
			if err != nil || id.Subject != "ada" || !slices.Equal(id.Scopes, []string{"read", "greet"}) || id.Claims["client_id"] != "caller" {
				t.Errorf("%s: %+v, %v", name, id, err)
			}
		}
	})
}

func TestOtherTokensAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMock(t)
		login, err := m.Script().IssueToken(oauth.TokenSpec{Subject: "ada", ClientID: "caller", Audience: []string{audience}, Refresh: true})
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			token  string
			change func(*introspect.Config)
			want   codes.Code
		}{
			"unknown":            {"made-up", nil, codes.Unauthenticated},
			"expired":            {m.token(t, func(s *oauth.TokenSpec) { s.TTL = -time.Second }), nil, codes.Unauthenticated},
			"of another service": {m.token(t, func(s *oauth.TokenSpec) { s.Audience = []string{"other"} }), nil, codes.Unauthenticated},
			"without audience":   {m.token(t, func(s *oauth.TokenSpec) { s.Audience = nil }), nil, codes.Unauthenticated},
			"a refresh token":    {login.RefreshToken, nil, codes.Unauthenticated},
			"without a scope":    {m.token(t, nil), func(c *introspect.Config) { c.Scopes = []string{"read", "write"} }, codes.PermissionDenied},
			"too long":           {strings.Repeat("a", 64<<10+1), nil, codes.Unauthenticated},
			"any audience": {
				m.token(t, func(s *oauth.TokenSpec) { s.Audience = nil }),
				func(c *introspect.Config) { c.Audience, c.AnyAudience = "", true }, codes.OK,
			},
		} {
			id, err := verify(t.Context(), m.verifier(t, tt.change), tt.token)
			if status.Code(err) != tt.want || (err == nil) != (id.Subject == "ada") {
				t.Errorf("%s: %+v, %v", name, id, err)
			}
			const why = "expired, revoked, or issued for another audience"
			if text := status.Convert(err).Message(); tt.want == codes.Unauthenticated && !strings.Contains(text, why) {
				t.Errorf("%s: the caller reads %q, want %q in it", name, text, why)
			}
			if err != nil && strings.Contains(err.Error(), tt.token) {
				t.Errorf("%s: the error contains the token: %v", name, err)
			}
		}
		before := m.asked()
		if _, err := m.verifier(t, nil).Verify(t.Context(), serverauth.Presented{Scheme: "Basic", Token: m.token(t, nil)}); status.Code(err) != codes.Unauthenticated {
			t.Errorf("another scheme: %v", err)
		}
		if m.asked() != before {
			t.Error("a credential that is no bearer token was sent to the authorization server")
		}
	})
}

func TestAnswersAreCachedForMaxAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMock(t)
		v := m.verifier(t, func(c *introspect.Config) { c.MaxAge = 5 * time.Minute })
		token := m.token(t, nil)
		for range 3 {
			if _, err := verify(t.Context(), v, token); err != nil {
				t.Fatal(err)
			}
		}
		m.Script().RevokeTokens()
		time.Sleep(5*time.Minute - time.Second)
		if _, err := verify(t.Context(), v, token); err != nil || m.asked() != 1 {
			t.Errorf("within MaxAge: %v, %d requests", err, m.asked())
		}
		time.Sleep(time.Second)
		if _, err := verify(t.Context(), v, token); status.Code(err) != codes.Unauthenticated || m.asked() != 2 {
			t.Errorf("after MaxAge: %v, %d requests", err, m.asked())
		}
	})
}

func TestAnswersAreNotCachedBeyondTheExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMock(t)
		v := m.verifier(t, func(c *introspect.Config) { c.MaxAge = time.Hour })
		token := m.token(t, func(s *oauth.TokenSpec) { s.TTL = 30 * time.Second })
		if _, err := verify(t.Context(), v, token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * time.Second)
		if _, err := verify(t.Context(), v, token); err != nil || m.asked() != 1 {
			t.Errorf("before the expiry: %v, %d requests", err, m.asked())
		}
		time.Sleep(time.Second)
		if _, err := verify(t.Context(), v, token); status.Code(err) != codes.Unauthenticated || m.asked() != 2 {
			t.Errorf("at the expiry: %v, %d requests", err, m.asked())
		}
	})
}

func TestNegativeMaxAgeCachesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMock(t)
		v := m.verifier(t, func(c *introspect.Config) { c.MaxAge = -1 })
		token := m.token(t, nil)
		for range 2 {
			if _, err := verify(t.Context(), v, token); err != nil {
				t.Fatal(err)
			}
		}
		m.Script().RevokeTokens()
		if _, err := verify(t.Context(), v, token); status.Code(err) != codes.Unauthenticated || m.asked() != 3 {
			t.Errorf("%v, %d requests", err, m.asked())
		}
	})
}

// The first of many concurrent calls leaves at its own deadline; the request that it
// started goes on for the others.
func TestConcurrentCallsShareOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMock(t)
		m.Script().Endpoint(oauth.EndpointIntrospection).Slow(3 * time.Second)
		v := m.verifier(t, nil)
		token := m.token(t, nil)
		start := time.Now()
		var calls sync.WaitGroup
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := verify(ctx, v, token); status.Code(err) != codes.DeadlineExceeded || time.Since(start) != time.Second {
				t.Errorf("the impatient call: %v after %v", err, time.Since(start))
			}
		})
		synctest.Wait()
		for range 50 {
			calls.Go(func() {
				id, err := verify(t.Context(), v, token)
				if err != nil || id.Subject != "ada" {
					t.Errorf("%+v, %v", id, err)
				}
				id.Claims["sub"] = "changed by a handler"
			})
		}
		calls.Wait()
		if n := m.asked(); n != 1 {
			t.Errorf("%d requests", n)
		}
		if id, err := verify(t.Context(), v, token); err != nil || id.Claims["sub"] != "ada" {
			t.Errorf("claims that one call changed reached another: %+v, %v", id, err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := verify(ended, v, token); status.Code(err) != codes.Canceled {
			t.Errorf("a call that has ended: %v", err)
		}
	})
}

func TestFaultsOfTheServerAreNotTheCallers(t *testing.T) {
	t.Parallel()
	page := func(code int) func(mock) {
		return func(m mock) {
			m.Script().Endpoint(oauth.EndpointIntrospection).FailNext(9, faults.Answer{Status: code, Body: "<html>"})
		}
	}
	for name, tt := range map[string]struct {
		fault func(mock)
		want  codes.Code
		text  string
	}{
		"down":         {func(m mock) { m.Script().Endpoint(oauth.EndpointIntrospection).Down(true) }, codes.Unavailable, "HTTP 503"},
		"hanging":      {func(m mock) { m.Script().Endpoint(oauth.EndpointIntrospection).Hang(true) }, codes.Unavailable, "no answer in time"},
		"echoing":      {func(m mock) { m.Script().Endpoint(oauth.EndpointIntrospection).Echo(true) }, codes.Unavailable, "HTTP 500"},
		"too much":     {func(m mock) { m.Script().Endpoint(oauth.EndpointIntrospection).Flood(2 << 20) }, codes.Internal, "larger than"},
		"rate limited": {page(http.StatusTooManyRequests), codes.Unavailable, "HTTP 429"},
		"a web page":   {page(http.StatusOK), codes.Internal, "not a JSON object"},
		"not found":    {page(http.StatusNotFound), codes.Internal, "check Endpoint"},
		"unauthorized": {page(http.StatusUnauthorized), codes.Internal, "check ClientID, ClientSecret"},
		"redirecting": {func(m mock) {
			m.Script().Endpoint(oauth.EndpointIntrospection).Redirect(m.Issuer()+"/oauth2/introspect?again", http.StatusTemporaryRedirect)
		}, codes.Internal, "redirects are not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMock(t)
				v := m.verifier(t, func(c *introspect.Config) { c.Timeout = 2 * time.Second })
				token := m.token(t, nil)
				tt.fault(m)
				start := time.Now()
				_, err := verify(t.Context(), v, token)
				if status.Code(err) != tt.want || !strings.Contains(err.Error(), tt.text) || time.Since(start) > 2*time.Second {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				for _, s := range []string{token, "p:ass w/ord%"} {
					for _, form := range secrettest.Forms(s) {
						if strings.Contains(err.Error()+status.Convert(err).Message(), form.Text) {
							t.Errorf("the error contains a secret (%s): %v", form.Name, err)
						}
					}
				}
				if n := m.asked(); n != 1 {
					t.Errorf("%d requests", n)
				}
				m.Script().Reset()
				if _, err := verify(t.Context(), v, token); err != nil {
					t.Errorf("after the fault: %v", err)
				}
			})
		})
	}
}

func TestWrongSecretIsTheServicesFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMock(t)
		v := m.verifier(t, func(c *introspect.Config) { c.ClientSecret = secret("guessed-secret") })
		_, err := verify(t.Context(), v, m.token(t, nil))
		if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "ClientSecret") || strings.Contains(err.Error(), "guessed") {
			t.Errorf("%v", err)
		}
	})
}
