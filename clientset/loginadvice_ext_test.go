package clientset_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

// tokensAt sets the token endpoint by hand.
func tokensAt(base string) clientset.Option {
	return clientset.WithConfigStore(configstore.Static(configstore.ClientConfig{TokenEndpoint: base + "/token"}))
}

// A flow that lacks what it logs in with is refused before anything is dialled, with the
// name of what is missing.
func TestForEndpointRefusesFlowsThatLackASetting(t *testing.T) {
	t.Parallel()
	secret := flow.SecretValue("secret")
	unset := flow.SecretEnv("NO_SUCH_VARIABLE")
	for name, tc := range map[string]struct {
		flow auth.Flow
		want string // empty: accepted
	}{
		"nothing":              {flow.ClientCredentials{}, "no client ID: set ClientID"},
		"no ID":                {flow.ClientCredentials{Secret: secret}, "no client ID: set ClientID"},
		"an empty ID":          {flow.ClientCredentials{ClientIDFrom: flow.SecretValue(""), Secret: secret}, "the client ID is empty"},
		"no secret":            {flow.ClientCredentials{ClientID: "robot"}, "no client secret for client robot: set Secret"},
		"an empty secret":      {flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue("")}, "secret for client robot is empty"},
		"an empty assertion":   {flow.ClientCredentials{ClientID: "robot", Assertion: flow.SecretValue("")}, "secret for client robot is empty"},
		"an ID in no variable": {flow.ClientCredentials{ClientIDFrom: unset, Secret: secret}, "no client ID: environment variable NO_SUCH_VARIABLE is not set"},
		"a secret in no variable": {
			flow.ClientCredentials{ClientID: "robot", Secret: unset}, "no client secret for client robot: environment variable NO_SUCH_VARIABLE is not set",
		},
		"a key in no variable":         {flow.ClientCredentials{ClientID: "robot", PrivateKey: flow.PrivateKey{PEM: unset}}, "NO_SUCH_VARIABLE is not set"},
		"an ID that needs no variable": {flow.ClientCredentials{ClientID: "robot", ClientIDFrom: unset, Secret: secret}, ""},
		"a file, read later":           {flow.ClientCredentials{ClientIDFrom: flow.SecretFile("/later"), Secret: flow.SecretFile("/later")}, ""},
		"a private key":                {flow.ClientCredentials{ClientID: "robot", PrivateKey: flow.PrivateKey{PEM: flow.SecretFile("/later")}}, ""},
		"an empty token":               {flow.StaticToken(""), "StaticToken was given an empty text: is a variable not set?"},
		"no token":                     {flow.Static{}, "no token was given: set Static.Credentials"},
		"a token":                      {flow.StaticToken("token"), ""},
		"no function":                  {flow.Func{}, "no function: set Login"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cs, err := clientset.ForEndpoint("flyte.example.com", clientset.WithFlow(tc.flow))
			if tc.want == "" {
				_ = made(t)(cs, err)
				return
			}
			if cs != nil || status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want FailedPrecondition and %q", err, tc.want)
			}
		})
	}
}

// A backend without an AuthMetadataService needs a setting; trying again does not help.
func TestBackendWithoutAuthMetadataIsFailedPrecondition(t *testing.T) {
	t.Parallel()
	cs := made(t)(withoutMetadata(t))
	for what, err := range map[string]error{"Login": cs.Login(soon(t)), "a call": list(t.Context(), cs)} {
		if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "WithConfigStore(configstore.Discovery(") {
			t.Errorf("%s: %v (%v), want FailedPrecondition and the option", what, err, status.Code(err))
		}
	}
}

// A web server that speaks HTTP/2 is no backend, whatever the status of its pages. The
// login tells it apart from a backend that serves no AuthMetadataService.
func TestLoginAtAWebServerIsFailedPrecondition(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 302, 401, 403, 404, 500} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			cs := made(t)(loginAtAPage(code)(t))
			for what, err := range map[string]error{"Login": cs.Login(soon(t)), "a call": list(t.Context(), cs)} {
				if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "a web server answers there, not gRPC") ||
					strings.Contains(err.Error(), "WithConfigStore") {
					t.Errorf("%s: %v (%v), want FailedPrecondition and the advice about the address", what, err, status.Code(err))
				}
				if n := strings.Count(err.Error(), "x"); n > 150 {
					t.Errorf("%s: %d bytes of the page are in %v", what, n, err)
				}
			}
		})
	}
}

// loginAtAPage returns what makes a client that has to log in, of a web server whose
// pages have this status.
func loginAtAPage(code int) func(t *testing.T) (*clientset.ClientSet, error) {
	return func(t *testing.T) (*clientset.ClientSet, error) {
		t.Helper()
		page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "<html>"+strings.Repeat("x", 2000))
		})
		server := &http.Server{Handler: page, Protocols: &http.Protocols{}, ReadHeaderTimeout: patience}
		server.Protocols.SetUnencryptedHTTP2(true)
		l := listening(t)
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
		return clientset.ForEndpoint("http://"+l.Addr().String(), clientset.WithFlow(
			flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue("secret")}))
	}
}

// withoutMetadata is a client of a server that answers 404 where it has no service, as
// Connect servers do.
func withoutMetadata(t *testing.T) (*clientset.ClientSet, error) {
	t.Helper()
	l := listening(t)
	server := &http.Server{Handler: http.NotFoundHandler(), Protocols: &http.Protocols{}, ReadHeaderTimeout: patience}
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return clientset.ForEndpoint("http://"+l.Addr().String(), clientset.WithFlow(
		flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue("secret")}))
}

// storedUnder has a login for this endpoint and no other.
func storedUnder(t *testing.T, endpoint string) auth.Store {
	t.Helper()
	store := &tokenstore.MemoryStore{}
	if err := store.Store(t.Context(), auth.Key{Endpoint: endpoint, Flow: auth.StoredFlow}, &auth.Credentials{AccessToken: "token"}); err != nil {
		t.Fatal(err)
	}
	return store
}

// A login that is stored for localhost is not used for 127.0.0.1, which is another key
// in stores; the error says where it is.
func TestErrorNamesTheLoginUnderAnotherLoopbackName(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	_, port, _ := strings.Cut(s.Endpoint(), ":")
	other := "localhost:" + port
	store := storedUnder(t, other)
	cs := made(t)(at(s, clientset.WithStore(store)))
	for what, err := range map[string]error{"Login": cs.Login(soon(t)), "a call": list(t.Context(), cs)} {
		if status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "a login is stored for "+other) {
			t.Errorf("%s: %v, want Unauthenticated and %s", what, err, other)
		}
	}
	cs = made(t)(at(s, clientset.WithStore(store), clientset.WithProfile("another")))
	if err := list(t.Context(), cs); strings.Contains(err.Error(), "is stored for") {
		t.Errorf("%v, although the login belongs to another profile", err)
	}
}

// Users of a platform set variables, not options.
func TestAdviceNamesThePlatformsOwnSetting(t *testing.T) {
	t.Parallel()
	plain, secure := quiet(t), quiet(t, mockserver.WithTLS()).Endpoint()
	for name, tc := range map[string]struct {
		vars map[string]string
		want string
		not  string
	}{
		"no TLS there": {map[string]string{"FLYTE_ADMIN_ENDPOINT": plain.Endpoint()}, "write http:// in FLYTE_ADMIN_ENDPOINT or set FLYTE_ADMIN_INSECURE", "WithInsecure"},
		"TLS there": {
			map[string]string{"FLYTE_ADMIN_ENDPOINT": secure, "FLYTE_ADMIN_INSECURE": "true"},
			"write https:// in FLYTE_ADMIN_ENDPOINT or drop FLYTE_ADMIN_INSECURE", "WithInsecure",
		},
		"an unknown authority": {map[string]string{"FLYTE_ADMIN_ENDPOINT": secure}, "in FLYTE_ADMIN_CACERTFILEPATH", "WithCAFile"},
		"a dead proxy": {
			map[string]string{"FLYTE_ADMIN_ENDPOINT": "flyte.example.com", "FLYTE_ADMIN_HTTPPROXYURL": "http://user:password@" + closedPort(t)},
			"which FLYTE_ADMIN_HTTPPROXYURL sets", "WithProxyURL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := list(t.Context(), made(t)(ofFlyte(t, tc.vars)))
			if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), tc.not) || strings.Contains(err.Error(), "password") {
				t.Errorf("%v, want %q and not %q", err, tc.want, tc.not)
			}
		})
	}
	for name, tc := range map[string]struct {
		resolver platform.Resolver
		want     string
	}{
		"Wallaroo": {wallaroo.Resolver{LookupEnv: lookup(map[string]string{
			wallaroo.EnvAuthType: "none", wallaroo.EnvURL: "https://" + plain.Endpoint(),
		})}, "write http:// in WALLAROO_URL"},
		"Kubeflow, by its variable": {kubeflow.Resolver{LookupEnv: lookup(map[string]string{
			kubeflow.EnvEndpoint: "https://" + plain.Endpoint(),
		})}, "write http:// in KF_PIPELINES_ENDPOINT"},
		"Kubeflow, by its field": {kubeflow.Resolver{Host: "https://" + plain.Endpoint(), LookupEnv: lookup(nil)}, "write http:// in kubeflow.Resolver.Host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := list(t.Context(), made(t)(clientset.For(t.Context(), tc.resolver, clientset.WithoutAuth(), clientset.WithoutRetry())))
			if !strings.HasSuffix(err.Error(), tc.want) {
				t.Errorf("%v, want %q at its end", err, tc.want)
			}
		})
	}
}

// ofFlyte is a client by these variables and nothing else.
func ofFlyte(t *testing.T, vars map[string]string) (*clientset.ClientSet, error) {
	t.Helper()
	return clientset.For(t.Context(), flyte.Resolver{Dir: t.TempDir(), Home: t.TempDir(), LookupEnv: lookup(vars)},
		clientset.WithoutAuth(), clientset.WithoutRetry())
}

func lookup(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}
