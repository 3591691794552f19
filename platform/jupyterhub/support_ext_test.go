package jupyterhub_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// start is a hub with users alice (of group serenity), bob, and admin zoe, and a
// service called svc.
func start(t *testing.T, config hubtest.Config) (h *hubtest.Server, serviceToken string) {
	t.Helper()
	h = hubtest.NewServer(config)
	t.Cleanup(h.Close)
	h.AddUser(hubtest.User{Name: "alice", Groups: []string{"serenity"}})
	h.AddUser(hubtest.User{Name: "bob"})
	h.AddUser(hubtest.User{Name: "zoe", Admin: true})
	serviceToken = h.AddService(hubtest.Service{Name: "svc"})
	return h, serviceToken
}

// Short names for the helpers of all platforms.
var (
	env      = platformtest.EnvOf
	contains = platformtest.Contains
)

func made(t *testing.T, r platform.Resolver, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	cs, err := clientset.For(t.Context(), r, opts...)
	return platformtest.Opened(t, cs, err)
}

// access is the scope that lets a token's owner use the service svc.
const access = "access:services!service=svc"

// identifier identifies callers of svc through h.
func identifier(t *testing.T, h *hubtest.Server, change ...func(*jupyterhub.AuthConfig)) *jupyterhub.Auth {
	t.Helper()
	config := jupyterhub.AuthConfig{Config: jupyterhub.Config{LookupEnv: env(h.ServiceEnv("svc"))}, HTTP: client(t)}
	for _, c := range change {
		c(&config)
	}
	a, err := jupyterhub.NewAuth(config)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func legacy(c *jupyterhub.AuthConfig) { c.Generation = jupyterhub.Legacy }

func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// newService is a gRPC server that lets in whom v knows.
func newService(v serverauth.Verifier) *platformtest.Server {
	s := platformtest.NewServer(platformtest.Guard(v))
	healthpb.RegisterHealthServer(s, health.NewServer())
	return s
}

func serve(t *testing.T, v serverauth.Verifier) *platformtest.Server {
	t.Helper()
	s := newService(v)
	s.Start(t)
	return s
}

// as is a client of addr with a token of the hub.
func as(t *testing.T, addr, token string) *clientset.ClientSet {
	t.Helper()
	return made(t, jupyterhub.Resolver{Endpoint: "http://" + addr, Config: jupyterhub.Config{APIToken: flow.SecretValue(token), LookupEnv: env(nil)}})
}

func with(t *testing.T, addr string, c *auth.Credentials) *clientset.ClientSet {
	t.Helper()
	return made(t, platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
		return platform.Target{Endpoint: "http://" + addr, Flow: flow.Static{Credentials: c}}, nil
	}))
}

func check(ctx context.Context, cc grpc.ClientConnInterface) error {
	_, err := healthpb.NewHealthClient(cc).Check(ctx, &healthpb.HealthCheckRequest{})
	return err
}

// asked counts the requests that reached a path of the hub's API.
func asked(h *hubtest.Server, path string) (n int) {
	for _, r := range h.Requests() {
		if r.Path == path {
			n++
		}
	}
	return n
}

func credentials(token, scheme string) *auth.Credentials {
	return &auth.Credentials{AccessToken: token, TokenType: scheme}
}

func recorder(code int, body string) *http.Response {
	w := httptest.NewRecorder()
	w.WriteHeader(code)
	_, _ = w.WriteString(body)
	return w.Result()
}

func request(method, target string) *http.Request { return httptest.NewRequest(method, target, nil) }

// answer is the answer to a request.
type answer struct {
	status int
	header http.Header
	at     *url.URL
	body   string
}

func (a answer) cookies() []*http.Cookie { return (&http.Response{Header: a.header}).Cookies() }

func handled(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), r.URL, w.Body.String()}
}
