package jupyterhub_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/mockserver/siblings/hub"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// start is a hub with users alice (of group serenity), bob, and admin zoe, and a
// service called svc.
func start(t *testing.T, config hub.Config) (h *hub.Hub, serviceToken string) {
	t.Helper()
	h, err := hub.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	h.AddUser(hub.User{Name: "alice", Groups: []string{"serenity"}})
	h.AddUser(hub.User{Name: "bob"})
	h.AddUser(hub.User{Name: "zoe", Admin: true})
	serviceToken = h.AddService(hub.Service{Name: "svc"})
	return h, serviceToken
}

// access is the scope that lets a token's owner use the service svc.
const access = "access:services!service=svc"

func env(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// identifier identifies callers of svc through h.
func identifier(t *testing.T, h *hub.Hub, change ...func(*jupyterhub.AuthConfig)) *jupyterhub.Auth {
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

// service is a gRPC server, and what callers sent it.
type service struct {
	*grpc.Server

	addr string

	mu       sync.Mutex
	seen     []metadata.MD
	subjects []string
}

func serve(t *testing.T, v serverauth.Verifier) *service {
	t.Helper()
	s := newService(v)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	go s.Serve(l) //nolint:errcheck // ends with Stop
	t.Cleanup(s.Stop)
	return s
}

func newService(v serverauth.Verifier) *service {
	s := &service{}
	note := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		s.mu.Lock()
		s.seen = append(s.seen, md.Copy())
		s.mu.Unlock()
		return handler(ctx, req)
	}
	whose := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		id, _ := serverauth.IdentityFromContext(ctx)
		s.mu.Lock()
		s.subjects = append(s.subjects, id.Subject)
		s.mu.Unlock()
		return handler(ctx, req)
	}
	s.Server = grpc.NewServer(grpc.ChainUnaryInterceptor(note, serverauth.Unary(v), whose))
	healthpb.RegisterHealthServer(s.Server, health.NewServer())
	return s
}

func (s *service) calls() []metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *service) callers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.subjects)
}

func made(t *testing.T, r platform.Resolver, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	cs, err := clientset.For(t.Context(), r, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cs.Close(); err != nil {
			t.Error(err)
		}
	})
	return cs
}

// as is a client of addr with a token of the hub.
func as(t *testing.T, addr, token string) *clientset.ClientSet {
	t.Helper()
	return made(t, jupyterhub.Resolver{Endpoint: "http://" + addr, Config: jupyterhub.Config{APIToken: jupyterhub.SecretValue(token), LookupEnv: env(nil)}})
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
func asked(h *hub.Hub, path string) (n int) {
	for _, r := range h.Requests() {
		if r.Path == path {
			n++
		}
	}
	return n
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want it to contain %q", text, part)
		}
	}
}

// notes keeps what was logged.
type notes struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func (n *notes) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(n, &slog.HandlerOptions{Level: slog.LevelDebug}))
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

// answer is what somebody got.
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
