package jupyterhub_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

func TestJupyterHubRow01_EnvironmentOfAManagedServiceIsEnough(t *testing.T) {
	t.Parallel()
	// Given nothing but what the hub starts a service with, and another service ...
	h, token := start(t, hubtest.Config{})
	s := serve(t, identifier(t, h))

	// ... when the one calls the other, then it sends its token, once, as a hub wants it.
	cs := made(t, jupyterhub.Resolver{Endpoint: "http://" + s.Addr(), Config: jupyterhub.Config{LookupEnv: env(h.ServiceEnv("svc"))}})
	if cs.Endpoint() != s.Addr() || cs.Authenticator().Status().Key.User != "svc" {
		t.Errorf("endpoint %s, user %s", cs.Endpoint(), cs.Authenticator().Status().Key.User)
	}
	if err := check(t.Context(), cs); status.Code(err) != codes.PermissionDenied { // a service without the scope
		t.Fatal(err)
	}
	if got := s.Calls()[0]["authorization"]; !slices.Equal(got, []string{"token " + token}) {
		t.Errorf("authorization = %q", got)
	}
}

func TestJupyterHubRow01_AReplacedTokenIsReadAgain(t *testing.T) {
	t.Parallel()
	// Given an external service whose token lies in a file ...
	h, _ := start(t, hubtest.Config{})
	s := serve(t, identifier(t, h, func(c *jupyterhub.AuthConfig) { c.CacheMaxAge = jupyterhub.NoCache }))
	before, after := h.IssueToken("alice", 0, access), h.IssueToken("alice", 0, access)
	path := filepath.Join(t.TempDir(), "token")
	put := func(token string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(before)
	cs := made(t, jupyterhub.Resolver{Endpoint: "http://" + s.Addr(), Config: jupyterhub.Config{APIToken: flow.SecretFile(path), LookupEnv: env(nil)}})
	if err := check(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	// ... when it is replaced, then the call that is refused is made once more with the new one.
	h.RevokeToken(before)
	put(after)
	if err := check(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	if got := s.Calls(); len(got) != 3 || !slices.Equal(got[2]["authorization"], []string{"token " + after}) {
		t.Errorf("%d attempts, want 3, the last with the new token", len(got))
	}
}

func TestJupyterHubRow01_MissingTokenIsNamedBeforeDialling(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]jupyterhub.Config{
		"nothing":     {LookupEnv: env(nil)},
		"only a URL":  {LookupEnv: env(map[string]string{"JUPYTERHUB_API_URL": "http://hub:8081/hub/api"})},
		"empty token": {LookupEnv: env(map[string]string{"JUPYTERHUB_API_TOKEN": " "})},
		"no file":     {APIToken: flow.SecretFile("/nowhere/token"), LookupEnv: env(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := clientset.For(t.Context(), jupyterhub.Resolver{Config: c})
			var e *jupyterhub.Error
			if !errors.As(err, &e) || e.Op != "configure" || status.Code(err) != codes.FailedPrecondition {
				t.Fatalf("%v (%v)", err, status.Code(err))
			}
			contains(t, err.Error(), "JUPYTERHUB_API_TOKEN")
		})
	}
}

// The hub serves no gRPC: without an Endpoint there is its API, and a gRPC call says so.
func TestWithoutAnEndpointThereIsTheHubsAPIOnly(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	for _, blank := range []string{"", " "} {
		cs := made(t, jupyterhub.Resolver{Config: jupyterhub.Config{LookupEnv: env(h.ServiceEnv("svc"))}, Endpoint: blank})
		if err := check(t.Context(), cs); !errors.Is(err, clientset.ErrNoGRPC) {
			t.Fatalf("%v, want ErrNoGRPC", err)
		}
		me, err := jupyterhub.NewClient(cs.HTTPClient(), cs.HTTPURL("")).Self(t.Context())
		if err != nil || me.Name != "svc" || me.Kind != "service" {
			t.Fatalf("%+v, %v", me, err)
		}
	}
}

func TestResolveReturnsTheEndpointAndWhoseLoginItIs(t *testing.T) {
	t.Parallel()
	token := map[string]string{"JUPYTERHUB_API_TOKEN": "t"}
	inside := map[string]string{"JUPYTERHUB_API_TOKEN": "t", "JUPYTERHUB_API_URL": "http://hub:8081/hub/api", "JUPYTERHUB_USER": "alice"}
	for name, tt := range map[string]struct {
		config jupyterhub.Config
		user   string
	}{
		"no name":        {jupyterhub.Config{LookupEnv: env(token)}, ""},
		"a user":         {jupyterhub.Config{LookupEnv: env(inside)}, "alice"},
		"a named one":    {jupyterhub.Config{LookupEnv: env(inside), ServiceName: "s"}, "s"},
		"of another hub": {jupyterhub.Config{LookupEnv: env(token), APIURL: "https://hub.example/hub/api"}, ""},
	} {
		target, err := jupyterhub.Resolver{Config: tt.config, Endpoint: "http://svc:9"}.Resolve(t.Context(), nil)
		if base := target.HTTPBase; base == "" || len(target.Origins) != 0 || target.Rejected == nil {
			t.Errorf("%s: base %q, origins %q", name, base, target.Origins)
		}
		if err != nil || target.Endpoint != "http://svc:9" || target.PlaintextCredentials || target.User != tt.user {
			t.Errorf("%s: %q, plaintext %v, user %q, %v", name, target.Endpoint, target.PlaintextCredentials, target.User, err)
		}
	}
}

func TestJupyterHubRow02_TokensResolveThroughUser(t *testing.T) {
	t.Parallel()
	h, serviceToken := start(t, hubtest.Config{Generation: hubtest.Modern})
	a := identifier(t, h)
	alice, err := a.UserForToken(t.Context(), h.IssueToken("alice", 0, access))
	if err != nil || alice.Name != "alice" || alice.Kind != "user" || alice.Admin || !slices.Equal(alice.Groups, []string{"serenity"}) ||
		!slices.Contains(alice.Scopes, access) {
		t.Errorf("%+v, %v", alice, err)
	}
	svc, err := a.UserForToken(t.Context(), serviceToken)
	if err != nil || svc.Name != "svc" || svc.Kind != "service" || svc.Identity().Subject != "service/svc" {
		t.Errorf("%+v, %v", svc, err)
	}
}

func TestJupyterHubRow02_UnknownExpiredAndRevokedTokensAreRejected(t *testing.T) {
	t.Parallel()
	for _, generation := range []jupyterhub.Generation{jupyterhub.Modern, jupyterhub.Legacy} {
		h, _ := start(t, hubtest.Config{})
		s := serve(t, identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Generation = generation }))
		revoked := h.IssueToken("alice", 0, access)
		h.RevokeToken(revoked)
		expired := h.IssueToken("alice", time.Nanosecond, access)
		for name, token := range map[string]string{
			"bad": "canary-unknown", "expired": expired, "revoked": revoked, "with a slash": "../../user", "with a query": "x?y=z",
		} {
			err := check(t.Context(), as(t, s.Addr(), token))
			if status.Code(err) != codes.Unauthenticated {
				t.Errorf("%s (generation %d): %v", name, generation, err)
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("%s: the error shows the token: %v", name, err)
			}
		}
		if err := check(t.Context(), as(t, s.Addr(), h.IssueToken("alice", 0, access))); err != nil {
			t.Errorf("a good token: %v", err)
		}
	}
}

func TestJupyterHubRow02_TokenAndBearerAreTheOnlySchemes(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	s := serve(t, identifier(t, h))
	good := h.IssueToken("alice", 0, access)
	for scheme, want := range map[string]codes.Code{
		"token": codes.OK, "TOKEN": codes.OK, "Bearer": codes.OK, "bearer": codes.OK, "Basic": codes.Unauthenticated, "raw": codes.Unauthenticated,
	} {
		c := credentials(good, scheme)
		if err := check(t.Context(), with(t, s.Addr(), c)); status.Code(err) != want {
			t.Errorf("%s: %v, want %v", scheme, err, want)
		}
	}
}
