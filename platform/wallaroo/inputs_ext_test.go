package wallaroo_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

const missing = "auth_type and api_endpoint must be provided or set in environment as\n" +
	"`WALLAROO_SDK_AUTH_TYPE`, and `WALLAROO_URL` respectively."

func TestWallarooRow01_MissingInputsGiveTheDocumentedError(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]wallaroo.Resolver{
		"nothing":               {LookupEnv: env()},
		"only the type":         {AuthType: wallaroo.SSO, LookupEnv: env()},
		"only the endpoint":     {APIEndpoint: url, LookupEnv: env()},
		"only the type's var":   {LookupEnv: env(wallaroo.EnvAuthType, "sso")},
		"only the URL's var":    {LookupEnv: env(wallaroo.EnvURL, url)},
		"variables set to none": {LookupEnv: env(wallaroo.EnvAuthType, "", wallaroo.EnvURL, "")},
		"blank endpoint":        {APIEndpoint: " \t", AuthType: wallaroo.SSO, LookupEnv: env(wallaroo.EnvURL, "  ")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{})
			if _, err := r.Resolve(t.Context(), nil); err == nil || err.Error() != missing {
				t.Errorf("Resolve: %v\nwant\n%s", err, missing)
			}
			cs, err := clientset.For(t.Context(), r, i.reach()...)
			if !errors.Is(err, wallaroo.ErrMissing) || !strings.HasSuffix(err.Error(), ": "+missing) || cs != nil {
				t.Errorf("For: %v", err)
			}
			if status.Code(err) != codes.FailedPrecondition {
				t.Errorf("code %v, want FailedPrecondition", status.Code(err))
			}
			i.untouched(t)
		})
	}
}

func TestWallarooRow02_ParametersBeatTheEnvironment(t *testing.T) {
	t.Parallel()
	other := []string{wallaroo.EnvAuthType, "none", wallaroo.EnvURL, "http://127.0.0.1:1"}
	for name, test := range map[string]struct {
		r    wallaroo.Resolver
		want string
	}{
		"both parameters":      {wallaroo.Resolver{APIEndpoint: url, AuthType: "sso", LookupEnv: env(other...)}, host},
		"both variables":       {wallaroo.Resolver{LookupEnv: env(wallaroo.EnvAuthType, "SSO", wallaroo.EnvURL, url)}, host},
		"blank endpoint":       {wallaroo.Resolver{APIEndpoint: "  ", AuthType: "sso", LookupEnv: env(other...)}, "127.0.0.1:1"},
		"trailing slash":       {wallaroo.Resolver{APIEndpoint: url + "/", AuthType: "sso", LookupEnv: env()}, host},
		"trailing slashes":     {wallaroo.Resolver{APIEndpoint: url + "//", AuthType: "sso", LookupEnv: env()}, host},
		"no scheme":            {wallaroo.Resolver{APIEndpoint: "wallaroo.example.com", AuthType: "sso", LookupEnv: env()}, "wallaroo.example.com:443"},
		"no scheme, variable":  {wallaroo.Resolver{LookupEnv: env(wallaroo.EnvAuthType, "none", wallaroo.EnvURL, "wallaroo.example.com/")}, "wallaroo.example.com:443"},
		"inside the cluster":   {wallaroo.Resolver{LookupEnv: env(wallaroo.EnvAuthType, "sso", wallaroo.EnvURL, "http://api-lb:8080")}, "api-lb:8080"},
		"a path, a port, caps": {wallaroo.Resolver{APIEndpoint: "https://W.Example.com:8443/base/", AuthType: "sso", LookupEnv: env()}, "w.example.com:8443"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{})
			if got := i.client(t, test.r).Endpoint(); got != test.want {
				t.Errorf("endpoint %q, want %q", got, test.want)
			}
			i.untouched(t)
		})
	}

	// And the address works as given: trailing slash, parameters over variables.
	i := start(t, keycloaktest.Config{})
	r := wallaroo.Resolver{
		APIEndpoint: url + "/", AuthType: wallaroo.UserPassword,
		LookupEnv: env(append(other, wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello")...),
	}
	if got := i.call(t, i.client(t, r)); got.Subject != "steve@ex.co" {
		t.Errorf("call %+v, want steve's", got)
	}
	i.well(t)
}

func TestWallarooRow02_TheAuthEndpointCanBeOnAnotherHost(t *testing.T) {
	t.Parallel()
	password := []string{wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello"}
	for name, r := range map[string]wallaroo.Resolver{
		"parameter": {AuthEndpoint: "http://127.0.0.1:9090/", LookupEnv: env(append(password, wallaroo.EnvAuthURL, "http://127.0.0.1:1")...)},
		"variable":  {LookupEnv: env(append(password, wallaroo.EnvAuthURL, "http://127.0.0.1:9090")...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{})
			r.APIEndpoint, r.AuthType = "http://127.0.0.1:7070", wallaroo.UserPassword // no HTTP server listens there
			i.call(t, i.client(t, r))
		})
	}
}

func TestWallarooInsideTheClusterNeedsNoTLS(t *testing.T) {
	t.Parallel()
	// Given what Wallaroo's notebooks are started with ...
	i := start(t, keycloaktest.Config{})
	r := wallaroo.Resolver{LookupEnv: env(wallaroo.EnvAuthType, "user_password", wallaroo.EnvURL, "http://api-lb:8080",
		wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello")}
	// ... then a login and calls work as they are, for that address only.
	names := manual.NewBuilderWithScheme("dns")
	names.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: "10.0.0.1:8080"}}})
	i.call(t, i.client(t, r, clientset.WithResolvers(names)))
	i.well(t)
	r.APIEndpoint = "http://api-lb.example.com:8080"
	if _, err := r.Resolve(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "api_endpoint must begin with https://") {
		t.Errorf("%v, want an error that asks for https", err)
	}
	// Nor does a token that is there already go out without TLS.
	r.AuthType = wallaroo.Token
	r.LookupEnv = env(wallaroo.EnvCredentials, file(t, `{"token": "`+i.keycloak.IssueToken("steve@ex.co")+`", "user_email": "e", "user_id": "i"}`))
	if err := list(t.Context(), i.client(t, r)); !errors.Is(err, clientset.ErrPlaintext) {
		t.Errorf("%v, want ErrPlaintext", err)
	}
}

func TestWallarooTheClustersAddressIsReadInUpperOrLowerCase(t *testing.T) {
	t.Parallel()
	target, err := wallaroo.Resolver{APIEndpoint: "HTTP://API-LB:8080/", AuthType: wallaroo.SSO, LookupEnv: env()}.Resolve(t.Context(), nil)
	if err != nil || target.Endpoint != "http://api-lb:8080" || !target.PlaintextCredentials {
		t.Errorf("%v, plaintext %v, %v", target, target.PlaintextCredentials, err)
	}
}

func TestWallarooBadInputsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	full := func(more ...string) func(string) (string, bool) {
		return env(append([]string{wallaroo.EnvAuthType, "sso", wallaroo.EnvURL, url}, more...)...)
	}
	for _, test := range []struct {
		name string
		r    wallaroo.Resolver
		want string
	}{
		{"scheme", wallaroo.Resolver{APIEndpoint: "ftp://x", LookupEnv: full()}, "wallaroo: api_endpoint must begin with https:// or http://"},
		{"password in URL", wallaroo.Resolver{APIEndpoint: "https://u:canary@x", LookupEnv: full()}, "api_endpoint must not contain a user name or password"},
		{"no host", wallaroo.Resolver{APIEndpoint: "https://", LookupEnv: full()}, "api_endpoint has no host"},
		{"query", wallaroo.Resolver{APIEndpoint: "https://x?token=canary", LookupEnv: full()}, "api_endpoint must not have a query"},
		{"no URL", wallaroo.Resolver{LookupEnv: env(wallaroo.EnvAuthType, "sso", wallaroo.EnvURL, "https://x:canary y")}, "WALLAROO_URL is not a URL"},
		{"auth endpoint", wallaroo.Resolver{LookupEnv: full(wallaroo.EnvAuthURL, "unix:///x")}, "WALLAROO_AUTH_URL must begin with"},
		{"auth parameter", wallaroo.Resolver{AuthEndpoint: "file:///x", LookupEnv: full()}, "auth_endpoint must begin with"},
		{"plaintext login", wallaroo.Resolver{AuthEndpoint: "http://kc.example.com", LookupEnv: full()}, "auth_endpoint must begin with https://"},
		{"plaintext variable", wallaroo.Resolver{LookupEnv: full(wallaroo.EnvAuthURL, "http://kc.example.com")}, "WALLAROO_AUTH_URL must begin with https://"},
		{"timeout", wallaroo.Resolver{LookupEnv: full(wallaroo.EnvRequestTimeout, "soon")}, "WALLAROO_REQUEST_TIMEOUT must be a number of seconds"},
		{"no timeout", wallaroo.Resolver{LookupEnv: full(wallaroo.EnvRequestTimeout, "0")}, "WALLAROO_REQUEST_TIMEOUT must be"},
		{"a strange timeout", wallaroo.Resolver{LookupEnv: full(wallaroo.EnvRequestTimeout, "NaN")}, "WALLAROO_REQUEST_TIMEOUT must be"},
		{"negative timeout", wallaroo.Resolver{RequestTimeout: -1, LookupEnv: full()}, "request_timeout must be"},
		{"display address", wallaroo.Resolver{LookupEnv: full(wallaroo.EnvDisplayURL, "javascript:alert(1)//://")}, "WALLAROO_SDK_AUTH_ENDPOINT"},
		{"a task", wallaroo.Resolver{LookupEnv: full(wallaroo.EnvTaskID, "7")}, "WALLAROO_TASK_ID is set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{})
			_, err := clientset.For(t.Context(), test.r, i.reach()...)
			var e *wallaroo.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want a *wallaroo.Error with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret shows: %v", err)
			}
			i.untouched(t)
		})
	}
}

func TestWallarooRequestsToKeycloakHaveATimeLimit(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]wallaroo.Resolver{
		"parameter": {RequestTimeout: 3 * time.Second, LookupEnv: env(wallaroo.EnvRequestTimeout, "100")},
		"variable":  {LookupEnv: env(wallaroo.EnvRequestTimeout, "3.0")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Given a Keycloak that never answers ...
				deaf := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				})}
				i := start(t, keycloaktest.Config{})
				lookup := r.LookupEnv
				r.APIEndpoint, r.AuthType = url, wallaroo.UserPassword
				r.LookupEnv = func(name string) (string, bool) {
					if name == wallaroo.EnvUser || name == wallaroo.EnvPassword {
						return "x", true
					}
					return lookup(name)
				}
				began := time.Now()
				// ... then a login ends when it was said to.
				err := i.client(t, r, clientset.WithHTTPClient(deaf)).Login(t.Context())
				if waited := time.Since(began); err == nil || waited < 3*time.Second || waited > 20*time.Second {
					t.Errorf("after %v: %v", waited, err)
				}
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
