package wallaroo_test

import (
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/apitest"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// Short names for the helpers of all platforms.
var (
	env  = platformtest.Env
	file = platformtest.File
	list = platformtest.List
)

// screen records what the user is shown, and all else that must contain no secret.
type screen = secrettest.Sink

const (
	host = "127.0.0.1:8080"
	url  = "http://" + host
)

// instance is a Wallaroo: Keycloak, an HTTP API and a gRPC backend that take its tokens.
type instance struct {
	keycloak *keycloaktest.Realm
	api      *apitest.API
	peer     *peertest.Peer
	shown    *screen
}

func start(t *testing.T, c keycloaktest.Config) *instance {
	t.Helper()
	if c.Users == nil {
		c.Users = []keycloaktest.User{{Name: "steve@ex.co", Password: "hello", Email: "steve@ex.co"}}
	}
	i := &instance{keycloak: keycloaktest.NewRealm(c), shown: &screen{}}
	i.api = apitest.New(apitest.Config{Verifier: i.keycloak, Login: i.keycloak, Pending: 3})
	i.serve(t, i.keycloak)
	return i
}

// serve gives the instance a backend with another check.
func (i *instance) serve(t *testing.T, v serverauth.Verifier) {
	t.Helper()
	p, err := peertest.New(t.Context(), peertest.Config{Verifier: v, Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	i.peer = p
}

// reach are the options that lead to the mocks, whatever the addresses are.
func (i *instance) reach(opts ...clientset.Option) []clientset.Option {
	hosts := map[string]http.Handler{}
	for _, h := range []string{host, "127.0.0.1:9090", "api-lb:8080"} {
		hosts[h] = i.api
	}
	return append([]clientset.Option{
		clientset.WithHTTPClient(peertest.HTTPClient(hosts)),
		clientset.WithDialOptions(i.peer.DialOption()),
		clientset.WithPrompter(wallaroo.Printer(i.shown)),
		clientset.WithStore(&tokenstore.MemoryStore{}),
	}, opts...)
}

func (i *instance) client(t *testing.T, r platform.Resolver, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	cs, err := clientset.For(t.Context(), r, i.reach(opts...)...)
	return platformtest.Opened(t, cs, err)
}

// untouched fails when anything was sent anywhere.
func (i *instance) untouched(t *testing.T) {
	t.Helper()
	if n, m := len(i.keycloak.Requests())+len(i.api.Requests()), len(i.peer.Calls()); n+m != 0 {
		t.Errorf("%d requests and %d calls were made, want none", n, m)
	}
}

// well fails when Keycloak or the API was sent something that Wallaroo's SDK would not send.
func (i *instance) well(t *testing.T) {
	t.Helper()
	for _, r := range i.keycloak.Requests() {
		if r.Violation != "" {
			t.Errorf("Keycloak was sent a bad request to %s: %s", r.Path, r.Violation)
		}
	}
	for _, r := range i.api.Requests() {
		if r.Violation != "" {
			t.Errorf("the API was sent a bad request to %s: %s", r.Path, r.Violation)
		}
	}
}

// call makes a call that must succeed, and returns what it carried.
func (i *instance) call(t *testing.T, cs *clientset.ClientSet) peertest.Call {
	t.Helper()
	if err := list(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	calls := i.peer.Calls()
	return calls[len(calls)-1]
}
