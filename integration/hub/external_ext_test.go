package hub_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// external is a service that the hub knows and does not start. It runs inside of
// the test, and counts what it asks the hub.
type external struct {
	url      string
	auth     *jupyterhub.Auth
	requests atomic.Int64
}

// RoundTrip counts.
func (e *external) RoundTrip(r *http.Request) (*http.Response, error) {
	e.requests.Add(1)
	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
}

// startExternal serves gRPC and a page at the URL.
func startExternal(t *testing.T, h *hub, url string, config jupyterhub.AuthConfig) *external {
	t.Helper()
	e := &external{url: url}
	config.HTTP = &http.Client{Transport: e}
	config.Config = jupyterhub.Config{
		APIURL: h.api(), ServiceName: "external", ServiceURL: url, LookupEnv: nothing,
		APIToken: flow.SecretValue(h.ExternalToken),
	}
	var err error
	if e.auth, err = jupyterhub.NewAuth(config); err != nil {
		t.Fatal(err)
	}
	b := backend.New(backend.Config{})
	calls := grpc.NewServer(grpc.ChainUnaryInterceptor(serverauth.Unary(e.auth)))
	b.Register(calls)
	service := jupyterhub.Service{Config: config.Config, GRPC: calls, HTTP: e.auth.Middleware(http.HandlerFunc(page))}
	ctx, cancel := context.WithCancel(context.Background())
	l, err := service.Listen(ctx)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- service.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		calls.Stop()
		b.Close()
	})
	return e
}

func page(w http.ResponseWriter, r *http.Request) {
	caller, _ := jupyterhub.CallerFromContext(r.Context())
	_, _ = w.Write([]byte("hello " + caller.User.Name))
}

// The hub answers once for every caller, however often they call.
func externalCache(t *testing.T, h *hub) {
	e := startExternal(t, h, freeURL(t), jupyterhub.AuthConfig{})
	token := h.issue(t, "alice", 0)
	set, err := clientset.For(t.Context(), jupyterhub.Resolver{
		Config:   jupyterhub.Config{APIToken: flow.SecretValue(token.Token), LookupEnv: nothing},
		Endpoint: e.url,
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			who, err := set.Identity().UserInfo(t.Context(), &authpb.UserInfoRequest{})
			mustBe(t, "alice", who.GetSubject(), err)
		})
	}
	wg.Wait()
	if err := set.Close(); err != nil {
		t.Error(err)
	}
	if n := e.requests.Load(); n != 1 {
		t.Errorf("200 calls made %d requests to the hub, want 1", n)
	}
	for range 20 {
		_, err := whoami(t, e.url, "made-up-token")
		mustFail(t, codes.Unauthenticated, err)
	}
	if n := e.requests.Load(); n != 2 {
		t.Errorf("20 calls with a bad token made %d requests to the hub, want 1", n-1)
	}

	// A token that is revoked goes on until the window ends, or somebody asks anew.
	h.revoke(t, "alice", token)
	who, err := whoami(t, e.url, token.Token)
	mustBe(t, "alice", who, err)
	if _, err := e.auth.UserForToken(t.Context(), token.Token, jupyterhub.WithoutCache()); !errors.Is(err, jupyterhub.ErrNoUser) {
		t.Errorf("%v, want ErrNoUser", err)
	}
	_, err = whoami(t, e.url, token.Token)
	mustFail(t, codes.Unauthenticated, err)
	if n := e.requests.Load(); n != 3 {
		t.Errorf("%d requests to the hub in all, want 3", n)
	}
}

// The window ends; and without one, every call is a request.
func externalWindow(t *testing.T, h *hub) {
	e := startExternal(t, h, freeURL(t), jupyterhub.AuthConfig{CacheMaxAge: 200 * time.Millisecond})
	token := h.issue(t, "alice", 0)
	who, err := whoami(t, e.url, token.Token)
	mustBe(t, "alice", who, err)
	h.revoke(t, "alice", token)
	deadline := time.Now().Add(patience)
	for err == nil && time.Now().Before(deadline) {
		_, err = whoami(t, e.url, token.Token)
	}
	mustFail(t, codes.Unauthenticated, err)

	e = startExternal(t, h, freeURL(t), jupyterhub.AuthConfig{CacheMaxAge: jupyterhub.NoCache})
	for range 5 {
		_, err := whoami(t, e.url, h.BossToken)
		mustFail(t, codes.OK, err)
	}
	if n := e.requests.Load(); n != 5 {
		t.Errorf("5 calls made %d requests, want 5", n)
	}
}

// Older hubs are asked with the service's own token.
func externalLegacy(t *testing.T, h *hub) {
	legacy := jupyterhub.AuthConfig{Generation: jupyterhub.Legacy, Allow: jupyterhub.Allow{Groups: []string{"serenity"}}}
	e := startExternal(t, h, freeURL(t), legacy)
	// Tokens,
	token := h.issue(t, "alice", 0)
	u, err := e.auth.UserForToken(t.Context(), token.Token)
	if err != nil || u.Name != "alice" || u.Kind != "user" || len(u.Groups) != 1 || u.Groups[0] != "serenity" {
		t.Errorf("the hub knows %+v, %v", u, err)
	}
	who, err := whoami(t, e.url, token.Token)
	mustBe(t, "alice", who, err)
	_, err = whoami(t, e.url, h.issue(t, "bob", 0).Token)
	mustFail(t, codes.PermissionDenied, err)
	gone, short := h.issue(t, "alice", 0), h.issue(t, "alice", time.Second)
	h.revoke(t, "alice", gone)
	h.awaitRefusal(t, short)
	for _, bad := range []string{"made-up", gone.Token, short.Token} {
		_, err = whoami(t, e.url, bad)
		mustFail(t, codes.Unauthenticated, err)
	}
	// and the cookie that all services share. The hub says less of who has one: no
	// groups.
	legacy.Allow = jupyterhub.Allow{Users: []string{"alice"}}
	e = startExternal(t, h, freeURL(t), legacy)
	for name, want := range map[string]codes.Code{"alice": codes.OK, "bob": codes.PermissionDenied} {
		b := newBrowser(t)
		b.login(h, name, h.Proxy+"/hub/home")
		value := b.cookie(h.Proxy+"/services/", jupyterhub.ServicesCookie)
		who, err := whoamiByCookie(t, e.url, jupyterhub.ServicesCookie+"="+value)
		mustFail(t, want, err)
		if want == codes.OK && who != name {
			t.Errorf("the service knows %q", who)
		}
	}
	for _, bad := range []string{jupyterhub.ServicesCookie + "=garbage", "other=1"} {
		_, err = whoamiByCookie(t, e.url, bad)
		mustFail(t, codes.Unauthenticated, err)
	}
}

// A service whose own token is no longer good does not blame its callers.
func externalOwnToken(t *testing.T, h *hub) {
	mistaken := *h
	mistaken.ExternalToken = "no-longer-good"
	e := startExternal(t, &mistaken, freeURL(t), jupyterhub.AuthConfig{Generation: jupyterhub.Legacy})
	_, err := whoami(t, e.url, h.issue(t, "alice", 0).Token)
	mustFail(t, codes.Internal, err)
	contains(t, err.Error(), "I may need a new token")
}
