package flow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// TestRedirectsCarryNothingAway sends every redirect everywhere and counts what
// arrives there.
func TestRedirectsCarryNothingAway(t *testing.T) {
	t.Parallel()
	logins := map[string]func(context.Context, auth.Env) error{
		"client credentials": func(ctx context.Context, env auth.Env) error {
			_, err := machine().Obtain(ctx, env, nil)
			return err
		},
		"secret in the form": func(ctx context.Context, env auth.Env) error {
			f := machine()
			f.AuthStyle = flow.StyleForm
			_, err := f.Obtain(ctx, env, nil)
			return err
		},
		"refresh": func(ctx context.Context, env auth.Env) error {
			_, err := flow.Stored{}.Renew(ctx, env, person())
			return err
		},
		"password": func(ctx context.Context, env auth.Env) error {
			_, err := flow.Password{Username: "jo", Password: flow.SecretValue("pass-canary")}.Obtain(ctx, env, nil)
			return err
		},
		"exchange": func(ctx context.Context, env auth.Env) error {
			_, err := flow.TokenExchange{SubjectToken: flow.SecretValue("subject-canary")}.Obtain(ctx, env, nil)
			return err
		},
		"device": func(ctx context.Context, env auth.Env) error {
			_, err := flow.DeviceCode{ClientSecret: flow.SecretValue(clientSecret), PKCE: true}.Obtain(ctx, env, nil)
			return err
		},
		"code": func(ctx context.Context, env auth.Env) error {
			_, err := flow.PKCE{OpenBrowser: comesBack, ClientSecret: flow.SecretValue(clientSecret)}.Obtain(ctx, env, nil)
			return err
		},
	}
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, where := range []string{"same host", "other host", "https to http"} {
			for name, login := range logins {
				t.Run(fmt.Sprintf("%d/%s/%s", code, where, name), func(t *testing.T) {
					t.Parallel()
					var arrived atomic.Int64
					trap := func(_ http.ResponseWriter, r *http.Request) {
						n, _ := io.Copy(io.Discard, r.Body)
						arrived.Add(1 + n)
					}
					other := httptest.NewServer(http.HandlerFunc(trap))
					defer other.Close()
					asked := atomic.Int64{}
					mux := http.NewServeMux()
					var target string
					mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
						asked.Add(1)
						http.Redirect(w, r, target, code)
					})
					mux.HandleFunc("/elsewhere", trap)
					var srv *httptest.Server
					if where == "https to http" {
						srv = httptest.NewTLSServer(mux)
					} else {
						srv = httptest.NewServer(mux)
					}
					defer srv.Close()
					target = other.URL + "/elsewhere"
					if where == "same host" {
						target = srv.URL + "/elsewhere"
					}
					env := auth.Env{
						HTTP: srv.Client(), // would follow, if it were used as it is
						Config: &config{now: configstore.ClientConfig{
							TokenEndpoint: srv.URL + "/token", DeviceAuthorizationEndpoint: srv.URL + "/token",
							AuthorizationEndpoint: "https://idp.example/authorize", ClientID: "cli",
						}},
						Prompter: &notes{},
					}
					defer srv.Client().CloseIdleConnections()

					err := login(t.Context(), env)
					te := (*flow.TokenError)(nil)
					if !errors.As(err, &te) || te.Status != code || errors.Is(err, auth.ErrRejected) {
						t.Errorf("got %v, want a passing *TokenError with status %d", err, code)
					}
					contains(t, fmt.Sprint(err), "not followed", strings.TrimSuffix(target, "/elsewhere"))
					if asked.Load() != 1 || arrived.Load() != 0 {
						t.Errorf("asked %d times, %d requests and bytes arrived elsewhere", asked.Load(), arrived.Load())
					}
				})
			}
		}
	}
}

// comesBack is a browser whose person has said yes already.
func comesBack(_ context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	q := u.Query()
	go visit(q.Get("redirect_uri") + "?" + url.Values{"code": {"code-canary-0"}, "state": {q.Get("state")}}.Encode())
	return nil
}

// Logging out sends tokens too, one after the other.
func TestRevocationFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		var arrived, asked atomic.Int64
		other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			arrived.Add(1 + n)
		}))
		for where, start := range map[string]func(http.Handler) *httptest.Server{"other host": httptest.NewServer, "https to http": httptest.NewTLSServer} {
			srv := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				http.Redirect(w, r, other.URL, code)
			}))
			env := auth.Env{HTTP: srv.Client(), Config: &config{now: configstore.ClientConfig{RevocationEndpoint: srv.URL}}}
			asked.Store(0)
			err := flow.PKCE{}.Revoke(t.Context(), env, person())
			if err == nil || !strings.Contains(err.Error(), "not followed") || asked.Load() != 2 || arrived.Load() != 0 {
				t.Errorf("%d, %s: got %v, asked %d times, %d requests and bytes arrived elsewhere", code, where, err, asked.Load(), arrived.Load())
			}
			srv.Client().CloseIdleConnections()
			srv.Close()
		}
		other.Close()
	}
}
