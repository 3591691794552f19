package clientset_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/platform"
)

// askedHow counts the requests by which a client finds out how to log in.
func askedHow(s *mockserver.Server) (n int) {
	for _, r := range s.Requests() {
		if strings.Contains(r.Method, "AuthMetadataService") || strings.Contains(r.Method, "/.well-known/") {
			n++
		}
	}
	return n
}

func TestCompleteConfigurationAsksTheBackendForNothing(t *testing.T) {
	t.Parallel()
	robot := func(s *mockserver.Server) auth.Flow {
		return flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())}
	}
	for name, build := range map[string]func(*mockserver.Server, []clientset.Option) (*clientset.ClientSet, error){
		"by an option": func(s *mockserver.Server, opts []clientset.Option) (*clientset.ClientSet, error) {
			opts = append(opts, clientset.WithFlow(robot(s)), clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: s.TokenURL()}))
			return clientset.ForEndpoint("http://"+s.Endpoint(), opts...)
		},
		"by a target": func(s *mockserver.Server, opts []clientset.Option) (*clientset.ClientSet, error) {
			target := platform.Target{Endpoint: "http://" + s.Endpoint(), Flow: robot(s), Config: configstore.ClientConfig{TokenEndpoint: s.TokenURL()}}
			return clientset.For(context.Background(), platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
				return target, nil
			}), opts...)
		},
		"of an API key": func(s *mockserver.Server, opts []clientset.Option) (*clientset.ClientSet, error) {
			opts = append(opts, clientset.WithInsecure(), clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: s.TokenURL()}))
			return clientset.ForAPIKey(s.APIKey(), opts...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := quiet(t)
			cs := made(t)(build(s, reach(s)))
			if err := errors.Join(list(t.Context(), cs), cs.Login(soon(t))); err != nil {
				t.Error(err)
			}
			if n := askedHow(s); n != 0 || s.TokenRequests() != 2 {
				t.Errorf("%d requests of discovery and %d for a token, want 0 and 2", n, s.TokenRequests())
			}
		})
	}
}

// A front that tells how to log in only after a login does not stop a login for which
// enough is set; otherwise the error says what to set.
func TestRefusedDiscoveryStopsNoLoginThatNeedsNone(t *testing.T) {
	t.Parallel()
	for _, code := range []int{302, 401, 403} {
		for _, body := range []string{"", "<html>log in"} {
			t.Run(fmt.Sprint(code, body), func(t *testing.T) {
				t.Parallel()
				s := quiet(t, mockserver.WithHTTPFront())
				for _, method := range []string{"GetOAuth2Metadata", "GetPublicClientConfig"} {
					for _, service := range []string{"/flyteidl2.auth.AuthMetadataService/", "/flyteidl.service.AuthMetadataService/"} {
						answer := mockserver.HTTPAnswer{Status: code, Body: body, Location: "https://login.example.com/"}
						if err := s.Script().AnswerHTTP(service+method, 100, answer); err != nil {
							t.Fatal(err)
						}
					}
				}
				tokens := clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: s.TokenURL()})
				if err := list(t.Context(), connect(t, s, tokens)); err != nil {
					t.Errorf("with a token endpoint: %v", err)
				}
				err := list(t.Context(), connect(t, s))
				if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "set ClientConfig.TokenEndpoint") {
					t.Errorf("without: %v (%v), want FailedPrecondition and what is missing", err, status.Code(err))
				}
			})
		}
	}
}

// A field that is set wins over what the backend advertises; the other fields are used.
func TestForwardedTokenEndpointWinsOverTheAdvertisedOne(t *testing.T) {
	t.Parallel()
	tokens := newTokenServer(t)
	b := newBackend(t, "http://flyteadmin.flyte:80/oauth2/token") // which must not be used from here
	cs := made(t)(clientset.ForEndpoint("http://"+b.address,
		clientset.WithFlow(flow.Password{Username: "ada", Password: flow.SecretValue("secret")}), clientset.WithoutStore(),
		clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: tokens.URL + "/token"})))
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
}

// A backend of the first generation without authentication has no AuthMetadataService and
// says so in gRPC's own words: calls go out without a token, those of machines too.
func TestGRPCServerWithoutAuthMetadataIsCalledBare(t *testing.T) {
	t.Parallel()
	l := listening(t)
	server := grpc.NewServer()
	projectpb.RegisterProjectServiceServer(server, openProjects{})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	for _, loginFirst := range []bool{true, false} {
		cs := made(t)(clientset.ForEndpoint("http://"+l.Addr().String(), clientset.WithFlow(
			flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue("secret")})))
		logIn := func() {
			if err := cs.Login(soon(t)); !errors.Is(err, configstore.ErrNoLogin) || status.Code(err) != codes.Unauthenticated {
				t.Errorf("Login: %v (%v), want ErrNoLogin as Unauthenticated", err, status.Code(err))
			}
		}
		if loginFirst {
			logIn()
		}
		if err := list(t.Context(), cs); err != nil {
			t.Errorf("after Login: %v: %v", loginFirst, err)
		}
		logIn()
	}
}

type openProjects struct {
	projectpb.UnimplementedProjectServiceServer
}

func (openProjects) ListProjects(context.Context, *projectpb.ListProjectsRequest) (*projectpb.ListProjectsResponse, error) {
	return &projectpb.ListProjectsResponse{}, nil
}

// Inside a cluster endpoints have no TLS. With the option they serve on the backend's own
// host and where the program names them; without it the error names the option.
func TestPlaintextLoginInsideACluster(t *testing.T) {
	t.Parallel()
	const host, own, other = "flyte.cluster", "http://flyte.cluster:8088", "http://dex.cluster:5556"
	issuer := func(at string) clientset.Option {
		return clientset.WithConfigStore(configstore.Cached(configstore.Discovery(at, clusterClient(newTokenServer(t))), 0))
	}
	tokens := func(at string) clientset.Option {
		return clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: at + "/token"})
	}
	for name, tc := range map[string]struct {
		advertised string
		opts       []clientset.Option
		serves     bool // with the option
	}{
		"advertised on the backend's own host": {own + "/token", nil, true},
		"advertised on another host":           {other + "/token", nil, false},
		"set by the program":                   {other + "/token", []clientset.Option{tokens(other)}, true},
		"set in a store of the program's": {"", []clientset.Option{
			clientset.WithConfigStore(configstore.Static(configstore.ClientConfig{TokenEndpoint: other + "/token"})),
		}, true},
		"an issuer that the program names":                {"", []clientset.Option{issuer(other)}, true},
		"a document that names another host":              {"", []clientset.Option{issuer("http://evil.cluster")}, false},
		"a document over TLS that names one without":      {"", []clientset.Option{issuer("https://safe.cluster")}, false},
		"another host, although the program sets another": {other + "/token", []clientset.Option{clientset.WithClientConfig(configstore.ClientConfig{Audience: "a"})}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, server := newBackend(t, tc.advertised), newTokenServer(t)
			dial := func(ctx context.Context, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", b.address)
			}
			for _, allowed := range []bool{true, false} {
				opts := append([]clientset.Option{
					clientset.WithFlow(flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue("secret")}),
					clientset.WithDialOptions(grpc.WithContextDialer(dial)), clientset.WithHTTPClient(clusterClient(server)),
					clientset.WithInsecure(),
				}, tc.opts...)
				endpoint := b.address // on this machine, so that only the login is in question
				if allowed {
					endpoint = "passthrough:///" + host
					opts = append(opts, clientset.WithPlaintextCredentials())
				}
				err := list(t.Context(), made(t)(clientset.ForEndpoint(endpoint, opts...)))
				switch {
				case allowed && tc.serves:
					if err != nil {
						t.Errorf("allowed: %v", err)
					}
				case status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "WithPlaintextCredentials"):
					t.Errorf("allowed %v: %v (%v), want FailedPrecondition and the option", allowed, err, status.Code(err))
				}
			}
		})
	}
}

// namedBackend is a backend that advertises tokenURL.
type namedBackend struct{ address string }

func newBackend(t *testing.T, tokenURL string) namedBackend {
	t.Helper()
	l := listening(t)
	server := grpc.NewServer()
	f := &farAway{tokenURL: tokenURL, asked: map[string]int{}}
	projectpb.RegisterProjectServiceServer(server, f)
	authpb.RegisterAuthMetadataServiceServer(server, f)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return namedBackend{l.Addr().String()}
}

// newTokenServer issues a token for everything, and publishes a document for every issuer.
func newTokenServer(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasPrefix(r.URL.Path, "/.well-known/"):
			scheme, at := "http", r.Host
			if r.Host == "safe.cluster" {
				scheme = "https"
			}
			if r.Host == "safe.cluster" || r.Host == "evil.cluster" {
				at = "elsewhere.cluster"
			}
			_, _ = fmt.Fprintf(w, `{"issuer":"%s://%s","token_endpoint":"http://%s/token"}`, scheme, r.Host, at)
		default:
			_, _ = fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer","expires_in":3600}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// clusterClient finds s under every name, with TLS or without.
func clusterClient(s *httptest.Server) *http.Client {
	return &http.Client{Transport: clusterTransport{s}}
}

type clusterTransport struct{ s *httptest.Server }

func (c clusterTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", c.s.Listener.Addr().String()
	return c.s.Client().Transport.RoundTrip(r)
}

// A setting that can never work reads as one after a rejection too.
func TestRejectedCallThatASettingKeepsFromLoggingInIsFailedPrecondition(t *testing.T) {
	t.Parallel()
	cs := made(t)(clientset.ForEndpoint(newBackend(t, "http://dex.cluster/token").address, clientset.WithInsecure(), clientset.WithoutStore(),
		clientset.WithFlow(flow.DeviceCode{}), clientset.WithPrompter(mutePrompter{})))
	err := list(t.Context(), cs)
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "WithPlaintextCredentials") {
		t.Errorf("%v (%v), want FailedPrecondition and the option", err, status.Code(err))
	}
}

// What was found out is kept for an hour: another login asks for nothing.
func TestDiscoveryIsKeptBetweenLogins(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s)
	for range 3 {
		if err := cs.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := calls(s, "/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata"); n != 1 {
		t.Errorf("%d discovery requests for three logins, want 1", n)
	}
}

// A client that trusts any certificate leaves nothing for others to believe.
func TestUnverifiedDiscoveryIsNotKeptForOthers(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithTLS())
	for name, tt := range map[string]struct {
		opt  clientset.Option
		kept int
	}{
		"verified":   {clientset.WithCAPEM(s.CACertPEM()), 1},
		"unverified": {clientset.WithInsecureSkipVerify(), 0},
	} {
		dir := t.TempDir()
		cs := made(t)(clientset.ForEndpoint(s.Endpoint(), tt.opt, clientset.WithConfigCache(dir), clientset.WithoutStore(),
			clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: secretOf(s)})))
		if err := list(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != tt.kept {
			t.Errorf("%s: kept %v, %v", name, files, err)
		}
	}
}

// The login at a proxy in front of the backend finds its server as the main one does: with
// the TLS settings of the client, and without TLS where that is allowed.
func TestProxyLoginFindsItsServerWithTheSettingsOfTheClient(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithTLS())
	cluster := &http.Transport{}
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			_, _ = fmt.Fprint(w, `{"access_token":"proxy","token_type":"Bearer","expires_in":3600}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"issuer":"http://issuer.internal","token_endpoint":"http://issuer.internal/token"}`)
	}))
	t.Cleanup(inside.Close)
	cluster.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", inside.Listener.Addr().String())
	}
	t.Cleanup(cluster.CloseIdleConnections)
	robot := flow.ClientCredentials{ClientID: s.ClientID(), Secret: secretOf(s)}
	for name, opts := range map[string][]clientset.Option{
		"TLS": {clientset.WithCAPEM(s.CACertPEM()), clientset.WithProxyFlow(robot, configstore.Discovery(s.HTTPURL(), nil))},
		"without TLS": {
			clientset.WithInsecureSkipVerify(), clientset.WithPlaintextCredentials(), clientset.WithHTTPClient(&http.Client{Transport: cluster}),
			clientset.WithProxyFlow(robot, configstore.Discovery("http://issuer.internal", nil)),
		},
	} {
		cs := made(t)(clientset.ForEndpoint(s.Endpoint(), append(opts, clientset.WithoutStore(), clientset.WithFlow(flow.StaticToken("any")))...))
		if err := list(t.Context(), cs); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v, want that the backend rejects the main token", name, err)
		}
		seen := s.Requests()
		if last := seen[len(seen)-1]; !slices.Contains(last.Keys, "proxy-authorization") {
			t.Errorf("%s: the call carried %v", name, last.Keys)
		}
	}
}
