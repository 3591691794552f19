package wallaroo_test

import (
	"errors"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// stranger is an HTTP server that keeps what it is sent and is of no use.
type stranger struct {
	mu   sync.Mutex
	seen strings.Builder
}

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := httputil.DumpRequest(r, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Write(raw)
	w.WriteHeader(http.StatusInternalServerError)
}

func (s *stranger) sent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

// A program that sets WALLAROO_AUTH_URL sends no refresh token there that another Keycloak
// has issued.
func TestWallarooAStoredLoginIsNotSentToAnotherKeycloak(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resolver func(...string) wallaroo.Resolver
		sends    string // of what a new login takes
	}{
		"a person":   {func(e ...string) wallaroo.Resolver { r := sso; r.LookupEnv = env(e...); return r }, "client_id=sdk-client"},
		"a password": {userPassword, "grant_type=password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Given a login stored in a file, whose access token has expired ...
				i := start(t, keycloaktest.Config{AutoApprove: "steve@ex.co"})
				evil := &stranger{}
				store := &tokenstore.FileStore{Dir: t.TempDir()}
				reach := i.reach(clientset.WithStore(store),
					clientset.WithHTTPClient(peertest.HTTPClient(map[string]http.Handler{host: i.keycloak, "127.0.0.1:9090": evil})))
				who := []string{wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello"}
				open := func(pairs ...string) *clientset.ClientSet {
					cs, err := clientset.For(t.Context(), test.resolver(append(pairs, who...)...), reach...)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = cs.Close() })
					return cs
				}
				first := open()
				i.call(t, first)
				old, err := first.Authenticator().Credentials(t.Context())
				if err != nil || old.RefreshToken == "" || old.TokenOrigin != url {
					t.Fatalf("%v, %v", old, err)
				}
				time.Sleep(2 * time.Minute)

				// ... when a program is told of another Keycloak ...
				err = list(t.Context(), open(wallaroo.EnvAuthURL, "http://127.0.0.1:9090"))

				// ... then that one is asked for a new login, and is sent nothing of the old.
				var e *wallaroo.LoginError
				if !errors.As(err, &e) || e.Status != http.StatusInternalServerError {
					t.Errorf("the call: %v", err)
				}
				sent := evil.sent()
				if !strings.Contains(sent, test.sends) || strings.Contains(sent, old.RefreshToken) || strings.Contains(sent, old.AccessToken) {
					t.Errorf("the other Keycloak was sent: %s", sent)
				}
				// And with the variable gone the old login goes on.
				i.keycloak.ResetRequests()
				i.call(t, open())
				if n := i.keycloak.Count("refresh_token"); n != 1 || len(i.keycloak.Requests()) != 1 {
					t.Errorf("%d renewals, %d requests; want one", n, len(i.keycloak.Requests()))
				}
			})
		})
	}
}

// Renewing alone, as a flow, says what is wrong in the words of both packages.
func TestWallarooARefreshKeepsTheIssuerOfTheLogin(t *testing.T) {
	t.Parallel()
	target, err := sso.Resolve(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := target.Flow.(auth.Renewer)
	if !ok {
		t.Fatalf("%T cannot renew", target.Flow)
	}
	_, err = r.Renew(t.Context(), auth.Env{}, &auth.Credentials{RefreshToken: "canary", TokenOrigin: "https://wallaroo.example.com"})
	var e *wallaroo.LoginError
	var elsewhere *flow.OriginError
	if !errors.As(err, &e) || !errors.As(err, &elsewhere) || !errors.Is(err, auth.ErrInteractionRequired) || status.Code(err) != codes.Unauthenticated {
		t.Fatalf("%v with code %v", err, status.Code(err))
	}
	if text := err.Error(); !strings.Contains(text, "https://wallaroo.example.com") || !strings.Contains(text, url) || strings.Contains(text, "canary") {
		t.Errorf("%v", err)
	}
}
