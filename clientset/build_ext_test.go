package clientset_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestForEndpointRefuses(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.pem")
	opts := func(opts ...clientset.Option) []clientset.Option { return opts }
	a := auth.New(auth.Key{}, flow.Stored{}, auth.Env{})
	t.Cleanup(func() { _ = a.Close() })

	for name, tc := range map[string]struct {
		endpoint string
		opts     []clientset.Option
		want     string
	}{
		"no endpoint":               {"", nil, "is empty"},
		"unknown scheme":            {"ftp://h", nil, `"ftp"`},
		"a path":                    {"https://h/console", nil, "path"},
		"https and WithInsecure":    {"https://h", opts(clientset.WithInsecure()), "WithInsecure"},
		"http and a TLS option":     {"http://h", opts(clientset.WithServerName("x")), "WithServerName"},
		"a missing CA file":         {"h", opts(clientset.WithCAFile(missing)), "missing.pem"},
		"a CA file without any":     {"h", opts(clientset.WithCAFile("build_ext_test.go")), "no PEM certificate"},
		"an exclusive CA file":      {"h", opts(clientset.WithExclusiveCAFile(missing)), "missing.pem"},
		"a missing certificate":     {"h", opts(clientset.WithClientCertificate(missing, missing)), "client certificate"},
		"an empty CA file":          {"h", opts(clientset.WithExclusiveCAFile("")), "path is empty"},
		"no certificate at all":     {"h", opts(clientset.WithClientCertificate("", "")), "both a certificate file and a key file"},
		"metadata with a bad key":   {"h", opts(clientset.WithRequestMetadata(metadata.MD{"X Team": {"blue"}})), `"x team"`},
		"metadata with a newline":   {"h", opts(clientset.WithRequestMetadata(metadata.Pairs("x-team", "a\nb"))), "x-team is not printable"},
		"a user agent on two lines": {"h", opts(clientset.WithUserAgent("a\r\nb")), "WithUserAgent"},
		"no certificate in memory":  {"h", opts(clientset.WithClientCertificatePEM(nil, nil)), "client certificate: tls: failed to find any PEM data"},
		"a client certificate without TLS": {
			"http://h", opts(clientset.WithClientCertificatePEM(nil, nil)), "WithClientCertificatePEM",
		},
		"a certificate, no key":     {"h", opts(clientset.WithClientCertificate(missing, "")), "key file"},
		"WithoutAuth and a flow":    {"h", opts(clientset.WithoutAuth(), clientset.WithFlow(flow.StaticToken("x"))), "WithoutAuth"},
		"two logins":                {"h", opts(clientset.WithAuthenticator(a), clientset.WithFlow(flow.StaticToken("x"))), "WithAuthenticator"},
		"a proxy without host":      {"h", opts(clientset.WithProxyURL("proxy:3128")), "WithProxyURL"},
		"a SOCKS 4 proxy":           {"h", opts(clientset.WithProxyURL("socks4://p:1")), `"socks4"`},
		"nothing can be received":   {"h", opts(clientset.WithMaxReceiveSize(0)), "WithMaxReceiveSize"},
		"an unknown resolver's":     {"mesh:///svc", nil, `"mesh"`},
		"several addresses at once": {"h1:1,h2:1", nil, "several addresses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cs, err := clientset.ForEndpoint(tc.endpoint, tc.opts...)
			var e *clientset.Error
			if cs != nil || !errors.As(err, &e) || e.Op != "configure" || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("ForEndpoint = %v, %v; want a *clientset.Error that says %q", cs, err, tc.want)
			}
			if status.Code(err) != codes.FailedPrecondition {
				t.Errorf("code = %v, want FailedPrecondition", status.Code(err))
			}
		})
	}
	_, err := clientset.ForEndpoint("h", clientset.WithCAFile(missing))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap the cause", err)
	}
}

// What says nothing changes nothing: a program hands its own settings through,
// whether they are set or not.
func TestEmptyOptionsChangeNothing(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s, nil, clientset.WithFlow(nil), clientset.WithAuthenticator(nil), clientset.WithCredentials(nil),
		clientset.WithConfigStore(nil), clientset.WithPrompter(nil), clientset.WithProxyFlow(nil, nil), clientset.WithLogger(nil),
		clientset.WithTLSConfig(nil), clientset.WithServerName(""), clientset.WithProxyURL(""), clientset.WithHTTPClient(nil),
		clientset.WithUserAgent(""), clientset.WithResolvers(nil), clientset.WithDialOptions(nil),
		clientset.WithRequestMetadata(nil), clientset.WithRequestMetadataFunc(nil), clientset.WithRetries(-1),
		clientset.WithRequestMetadata(metadata.Pairs("x-trace-bin", "\x00\xff")))
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
	// TLS options that are none do not contradict an endpoint without TLS either.
	made(t)(clientset.ForEndpoint("http://h", clientset.WithTLSConfig(nil), clientset.WithServerName("")))
}

func TestForAPIKeyRefuses(t *testing.T) {
	t.Parallel()
	const secret = "c2VjcmV0LXNlY3JldA"
	for _, key := range []string{"!" + secret, secret, "aDppZDp" + secret} {
		_, err := clientset.ForAPIKey(key)
		var e *clientset.Error
		if !errors.As(err, &e) || strings.Contains(err.Error(), secret) {
			t.Errorf("ForAPIKey = %v, want a *clientset.Error without the key", err)
		}
	}
}

func TestForAPIKeyReadsTheEnvironment(t *testing.T) {
	s := quiet(t)
	t.Setenv("FLYTE_API_KEY", "")
	if _, err := clientset.ForAPIKey(""); err == nil || !strings.Contains(err.Error(), "FLYTE_API_KEY") {
		t.Errorf("ForAPIKey = %v, want an error that names the variable", err)
	}
	t.Setenv("FLYTE_API_KEY", s.APIKey())
	cs := made(t)(clientset.ForAPIKey("", append(reach(s), clientset.WithInsecure())...))
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
}

func TestEndpointAndOrg(t *testing.T) {
	t.Parallel()
	// "h.example.com:id:secret:acme"
	cs := made(t)(clientset.ForAPIKey("aC5leGFtcGxlLmNvbTppZDpzZWNyZXQ6YWNtZQ=="))
	if cs.Endpoint() != "h.example.com:443" || cs.Org() != "acme" {
		t.Errorf("endpoint %q and organization %q, want h.example.com:443 and acme", cs.Endpoint(), cs.Org())
	}
	want := auth.Key{Endpoint: "h.example.com", ClientID: "id", Flow: auth.TraitsOf(flow.ClientCredentials{ClientID: "id"}).Name}
	if got := cs.Authenticator().Status().Key; got != want {
		t.Errorf("key = %+v, want %+v", got, want)
	}
}

func TestWithoutAuthSendsNothing(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := made(t)(clientset.ForEndpoint("http://"+s.Endpoint(), clientset.WithoutAuth()))
	if err := list(t.Context(), cs); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a call: %v, want the server's Unauthenticated", err)
	}
	if err := cs.Login(soon(t)); err == nil || !strings.Contains(err.Error(), "WithoutAuth") {
		t.Errorf("Login: %v, want an error that names WithoutAuth", err)
	}
	if cs.Authenticator() != nil {
		t.Error("there is an Authenticator")
	}
	if r := s.Requests(); len(r) != 1 || r[0].Authorizations != 0 {
		t.Errorf("arrived: %+v, want one bare call", r)
	}
}

func TestNoFlowUsesAStoredLogin(t *testing.T) {
	t.Parallel()
	// Given a login that a person made before, for this endpoint.
	s := quiet(t)
	issued, err := s.Script().IssueToken(oauth.TokenSpec{ClientID: s.ClientID(), Scopes: []string{mockserver.DefaultScope}})
	if err != nil {
		t.Fatal(err)
	}
	store := &tokenstore.MemoryStore{}
	key := auth.Key{Endpoint: s.Endpoint(), Flow: auth.TraitsOf(flow.Stored{}).Name, Profile: "work"}
	if err := store.Store(t.Context(), key, &auth.Credentials{AccessToken: issued.AccessToken}); err != nil {
		t.Fatal(err)
	}
	// When a program gives no flow, then it is used ...
	cs := made(t)(clientset.ForEndpoint("http://"+s.Endpoint(), clientset.WithStore(store), clientset.WithProfile("work")))
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
	// ... and under another profile, where there is none, the error says what to do.
	cs = made(t)(clientset.ForEndpoint("http://"+s.Endpoint(), clientset.WithStore(store), clientset.WithProfile("home")))
	if err := list(t.Context(), cs); !errors.Is(err, auth.ErrInteractionRequired) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want ErrInteractionRequired as Unauthenticated", err)
	}
	if n := s.TokenRequests(); n != 0 {
		t.Errorf("%d token requests, want none", n)
	}
}

func TestClientConfigWinsOverTheBackend(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s, clientset.WithClientConfig(configstore.ClientConfig{Scopes: []string{"no-such-scope"}}))
	if err := cs.Login(soon(t)); !errors.Is(err, auth.ErrRejected) {
		t.Errorf("Login with a scope of one's own: %v, want ErrRejected", err)
	}
	cs = connect(t, s, clientset.WithConfigStore(configstore.Static(configstore.ClientConfig{TokenEndpoint: s.TokenURL()})))
	s.ResetRequests()
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
	for _, r := range s.Requests() {
		if strings.Contains(r.Method, "AuthMetadataService") {
			t.Errorf("%s was called, although the configuration is known", r.Method)
		}
	}
}
