package wallaroo_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// Whatever goes wrong, no password and no token shows anywhere.
func TestWallarooShowsNoSecret(t *testing.T) {
	t.Parallel()
	const password = "canary-password"
	var seen secrettest.Sink
	i := start(t, keycloaktest.Config{Users: []keycloaktest.User{{Name: "steve@ex.co", Password: password}}})
	ready := i.keycloak.IssueToken("steve@ex.co")
	secrets := []string{password, ready}
	for _, r := range []wallaroo.Resolver{
		userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, password),
		userPassword(wallaroo.EnvUser, "eve@ex.co", wallaroo.EnvPassword, password),
		userPassword(wallaroo.EnvCredentials, file(t, `{"username": "steve@ex.co", "password": "`+password+`"}`)),
		userPassword(wallaroo.EnvCredentials, file(t, `{"username": "steve@ex.co", "password": "`+password)),
		tokenFile(wallaroo.EnvCredentials, file(t, `{"token": "`+ready+`", "user_email": "e", "user_id": "i"}`)),
		tokenFile(wallaroo.EnvCredentials, file(t, `{"token": "`+ready+`\n", "user_email": "e", "user_id": "i"}`)),
	} {
		target, err := r.Resolve(t.Context(), nil)
		for _, v := range []any{target, target.Flow, err} {
			seen.Dump(v)
		}
		cs, err := clientset.For(t.Context(), r, i.reach(clientset.WithLogger(seen.Logger()))...)
		if err != nil {
			seen.Dump(err)
			continue
		}
		for _, fail := range []func(){
			func() {}, i.keycloak.RevokeTokens, i.keycloak.EndSessions,
			func() { i.keycloak.EndSessions(); i.keycloak.Fail(http.StatusBadGateway) },
		} {
			fail()
			seen.Dump(list(t.Context(), cs))
			seen.Dump(cs.Authenticator().Status())
			if c, err := cs.Authenticator().Credentials(t.Context()); err == nil && c != nil {
				seen.Dump(c)
				secrets = append(secrets, c.AccessToken)
				if c.RefreshToken != "" {
					secrets = append(secrets, c.RefreshToken)
				}
			}
		}
		i.keycloak.Fail(0)
		seen.Dump(cs.Close())
	}
	seen.Hides(t, secrets...)
	seen.Heard(t, "[HTTP 401]", "[HTTP 502]", "must be JSON", "credentials rejected", "level=DEBUG")
}

// An instance that repeats the token which it was sent does not make it show.
func TestTheAPIsErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	var seen secrettest.Sink
	i := start(t, keycloaktest.Config{})
	cs := i.client(t, userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello"), clientset.WithLogger(seen.Logger()))
	api := client(cs)
	echo := func(status int, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, format, r.Header.Get("Authorization"))
		}
	}
	secrets := []string{"hello"}
	for _, form := range []http.HandlerFunc{
		echo(401, "bad token %s"), echo(403, `{"error":%q}`), echo(500, `[{"message":"no: %s."}]`), echo(400, `{"error":{"details":"(%s)","code":"%[1]s"}}`),
		echo(200, `{"errors":[{"message":"cannot verify '%s'","extensions":{"code":"invalid-jwt"}}]}`), echo(200, `{"status":"%s"}`),
		echo(200, `{"status":"Error","engines":[{"name":"%[1]s","status":"%[1]s","reason":"%[1]s","details":["%[1]s",{"x":"%[1]s"}]}]}`),
		echo(200, `{"url":"https://evil.test/%s"}`), echo(302, ""),
	} {
		for _, refuse := range []bool{false, true} {
			i.api.AnswerAs(form)
			if i.api.RefuseAs(nil); refuse {
				i.api.RefuseAs(form)
				i.keycloak.RevokeTokens()
			}
			d := wallaroo.Deployment{ID: 1, Pipeline: "p"}
			_, e1 := api.Workspaces(t.Context())
			short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, e2 := api.Wait(short, d)
			cancel()
			_, e3 := api.ExternalURL(t.Context(), 1, "p")
			_, e4 := api.Infer(t.Context(), d, []wallaroo.Record{{"x": 1}})
			for _, v := range []any{e1, e2, e3, e4, api.GraphQL(t.Context(), wallaroo.Query{}, nil), api, *api} {
				seen.Dump(v)
			}
			if c, err := cs.Authenticator().Credentials(t.Context()); err == nil {
				secrets = append(secrets, c.AccessToken, c.RefreshToken)
			}
		}
	}
	seen.Hides(t, secrets...)
	seen.Heard(t, "wallaroo client of http://127.0.0.1:8080", "HTTP 500", "wait for deployment p-1", "credentials rejected", "[redacted]")
}

func TestWallarooTokensOfTwoUsersNeverCross(t *testing.T) {
	t.Parallel()
	// Given two users of one instance, whose clients share store and HTTP client,
	// and a backend that is told in every call who is behind it ...
	users := []keycloaktest.User{{Name: "ada@ex.co", Password: "a"}, {Name: "grace@ex.co", Password: "g"}}
	i := start(t, keycloaktest.Config{Users: users})
	var crossed, seen atomic.Int64
	i.serve(t, serverauth.VerifierFunc(func(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		id, err := i.keycloak.Verify(ctx, p)
		if err == nil {
			seen.Add(1)
			if who := p.Metadata.Get("x-expected-user"); len(who) != 1 || who[0] != id.Subject || len(p.Metadata.Get("authorization")) != 1 {
				crossed.Add(1)
			}
		}
		return id, err
	}))
	opts := i.reach()
	const workers, calls = 8, 250
	var wg sync.WaitGroup
	for _, u := range users {
		cs, err := clientset.For(t.Context(), userPassword(wallaroo.EnvUser, u.Name, wallaroo.EnvPassword, u.Password), opts...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cs.Close() })
		// ... when thousands of calls are made at once, while tokens are revoked ...
		for w := range workers {
			wg.Go(func() {
				ctx := metadata.AppendToOutgoingContext(context.Background(), "x-expected-user", u.Name)
				for n := range calls {
					if w == 0 && n%50 == 49 {
						i.keycloak.RevokeTokens()
					}
					_ = list(ctx, cs) // may be rejected when two revocations meet; never carries another user's token
				}
			})
		}
	}
	wg.Wait()
	// ... then no call ever carried the other's token.
	if crossed.Load() != 0 || seen.Load() < workers*calls {
		t.Errorf("%d of %d accepted calls carried another user's token, want none of thousands", crossed.Load(), seen.Load())
	}
}
