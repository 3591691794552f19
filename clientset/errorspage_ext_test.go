package clientset_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

// situation makes one error of docs/errors.md, in a client of its own.
type situation func(t *testing.T) error

// calling makes the error of a call, by a client with these options.
func calling(client func(t *testing.T) (*clientset.ClientSet, error)) situation {
	return func(t *testing.T) error {
		cs, err := client(t)
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = cs.Close() })
		return list(soon(t), cs)
	}
}

// hurried makes the error of a login with too short a deadline. A slow machine needs
// longer to get as far as want, so the deadline grows.
func hurried(want string, client func(t *testing.T) (*clientset.ClientSet, error)) situation {
	return func(t *testing.T) error {
		cs := made(t)(client(t))
		var err error
		for limit := 200 * time.Millisecond; limit < 3*time.Second; limit *= 2 {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			err = list(ctx, cs)
			cancel()
			if err != nil && strings.Contains(err.Error(), want) {
				break
			}
		}
		return err
	}
}

// unlockable is a store that machines share, and whose lock cannot be had.
type unlockable struct{ *tokenstore.MemoryStore }

func (unlockable) Lock(context.Context, auth.Key) (auth.Lease, error) {
	return nil, fmt.Errorf("%w: connection refused", auth.ErrLeaseRequired)
}

func (s unlockable) LockUnless(ctx context.Context, k auth.Key, _ func() bool) (auth.Lease, error) {
	return s.Lock(ctx, k)
}

// at is a client of a mock without TLS.
func at(s *mockserver.Server, opts ...clientset.Option) (*clientset.ClientSet, error) {
	return clientset.ForEndpoint("http://"+s.Endpoint(), append([]clientset.Option{clientset.WithoutStore()}, opts...)...)
}

func machine(s *mockserver.Server, secret flow.Secret) clientset.Option {
	return clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: secret})
}

func secretOf(s *mockserver.Server) flow.Secret { return flow.SecretValue(s.ClientSecret()) }

// closedPort is an address at which no program listens while the test runs: it is the
// near end of a connection.
func closedPort(t *testing.T) string {
	t.Helper()
	taken, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listening(t).Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	return taken.LocalAddr().String()
}

func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// overTLS calls a server with TLS by a client with these options.
func overTLS(opts func(*testing.T, *mockserver.Server) []clientset.Option) situation {
	return calling(func(t *testing.T) (*clientset.ClientSet, error) {
		s := quiet(t, mockserver.WithTLS())
		return clientset.ForEndpoint(s.Endpoint(), append(opts(t, s), clientset.WithFlow(flow.StaticToken("t")), clientset.WithoutRetry())...)
	})
}

// resolving makes a client by a resolver that finds these variables.
func resolving(with func(lookup func(string) (string, bool)) platform.Resolver) situation {
	return func(t *testing.T) error {
		cs, err := clientset.For(t.Context(), with(func(string) (string, bool) { return "", false }))
		if err == nil {
			_ = cs.Close()
		}
		return err
	}
}

func situations() map[string]situation {
	all := map[string]situation{
		"invalid_client": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			return at(s, machine(s, flow.SecretValue("wrong")))
		}),
		"there is no usable stored login": calling(func(t *testing.T) (*clientset.ClientSet, error) { return at(quiet(t)) }),
		"no person can answer here": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t), clientset.WithFlow(flow.PKCE{}))
		}),
		"the refresh token has expired or was revoked": func(t *testing.T) error {
			program := afterRevokedLogin(t)
			return list(soon(t), program())
		},
		"the login has ended": func(t *testing.T) error {
			program := afterRevokedLogin(t)
			_ = list(soon(t), program())
			return list(soon(t), program())
		},
		"the login is shared and cannot be locked": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			store := unlockable{&tokenstore.MemoryStore{}}
			expired := &auth.Credentials{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}
			return made(t)(at(s, clientset.WithStore(store))), store.Store(t.Context(), auth.Key{Endpoint: s.Endpoint(), Flow: auth.StoredFlow}, expired)
		}),
		"the login before it": func(t *testing.T) error {
			program := afterRevokedLogin(t)
			_ = list(soon(t), program())
			return list(soon(t), program()) // the one after
		},
		"access_denied": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			browser := mocktest.NewBrowser(s)
			browser.Deny = true
			return at(s, clientset.WithPrompter(mutePrompter{}),
				clientset.WithFlow(flow.PKCE{OpenBrowser: browser.Open, RedirectURI: "http://127.0.0.1/callback"}))
		}),
		"the login timed out": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t), clientset.WithPrompter(mutePrompter{}),
				clientset.WithFlow(flow.PKCE{NoBrowser: true, Timeout: 10 * time.Millisecond, RedirectURI: "http://127.0.0.1/callback"}))
		}),
		"returned the token that the server has just rejected": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t), clientset.WithFlow(flow.StaticToken("old")))
		}),
		"code = Unauthenticated": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t, mockserver.WithAudience("https://api.example.com"))
			return at(s, clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: secretOf(s), Audience: "another"}))
		}),
		"the server advertises no login": func(t *testing.T) error {
			s := quiet(t, mockserver.WithoutLogin())
			return made(t)(at(s, machine(s, secretOf(s)))).Login(soon(t))
		},
		"code = PermissionDenied": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t, mockserver.WithRequiredScopes("admin"))
			return at(s, machine(s, secretOf(s)))
		}),
		"credentials are not sent without TLS": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("http://flyte.example.com", clientset.WithFlow(flow.StaticToken("t")))
		}),
		"has a path in it": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("https://flyte.example.com/console")
		}),
		"API key: ": calling(func(*testing.T) (*clientset.ClientSet, error) { return clientset.ForAPIKey("YTpi") }),
		"API key: is ambiguous": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForAPIKey("aG9zdDo0NDAxNzpjbGllbnQ6c2VjcmV0") // host:44017:client:secret
		}),
		"CA file": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithCAFile("/nowhere/ca.pem"))
		}),
		"is the backend running at this address and port?": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("http://"+closedPort(t), clientset.WithoutAuth(), clientset.WithoutRetry())
		}),
		"produced zero addresses": calling(func(*testing.T) (*clientset.ClientSet, error) {
			empty := manual.NewBuilderWithScheme("unknown")
			empty.InitialState(resolver.State{})
			return clientset.ForEndpoint("unknown:///flyte.example.com", clientset.WithResolvers(empty), clientset.WithoutAuth(),
				clientset.WithoutRetry())
		}),
		"first record does not look like a TLS handshake": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(quiet(t).Endpoint(), clientset.WithoutAuth(), clientset.WithoutRetry())
		}),
		"error reading server preface": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t, mockserver.WithTLS()), clientset.WithoutAuth(), clientset.WithoutRetry())
		}),
		"no client ID": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithFlow(flow.ClientCredentials{Secret: flow.SecretValue("s")}))
		}),
		"no client secret": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithFlow(flow.ClientCredentials{ClientID: "robot"}))
		}),
		"the backend does not say where to log in": calling(withoutMetadata),
		"to log in without asking, set": func(t *testing.T) error {
			s := quiet(t)
			s.Script().FailNext("/flyteidl2.auth.AuthMetadataService/GetPublicClientConfig", 1, codes.PermissionDenied, "log in first")
			s.Script().FailNext("/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata", 1, codes.PermissionDenied, "log in first")
			return list(soon(t), connect(t, s))
		},
		"WithPlaintextCredentials permits it": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(newBackend(t, "http://dex.cluster/token").address, clientset.WithInsecure(), clientset.WithFlow(
				flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue("secret")}))
		}),
		"a login is stored for": func(t *testing.T) error {
			s := quiet(t)
			logins := storedUnder(t, strings.Replace(s.Endpoint(), "127.0.0.1", "localhost", 1))
			return list(soon(t), made(t)(at(s, clientset.WithStore(logins))))
		},
		"a web server answers there": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(quiet(t).HTTPURL(), clientset.WithoutAuth())
		}),
		"missing selected ALPN property": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(webOverTLS(t), clientset.WithInsecureSkipVerify(), clientset.WithoutAuth())
		}),
		"a web page answered": calling(webPage),
		"has no address":      calling(func(*testing.T) (*clientset.ClientSet, error) { return unresolved() }),
		"has no network":      calling(func(*testing.T) (*clientset.ClientSet, error) { return disconnected() }),
		"goes through the proxy": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithProxyURL("http://"+closedPort(t)), clientset.WithoutAuth(),
				clientset.WithoutRetry())
		}),
		"wants a certificate of this client": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			l, ca := secure(t, demandingCertificate)
			return clientset.ForEndpoint(l.Addr().String(), clientset.WithCAFile(ca), clientset.WithServerName("localhost"), clientset.WithoutAuth())
		}),
		"does not accept the certificate of this client": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			l, ca := secure(t, demandingCertificate)
			return clientset.ForEndpoint(l.Addr().String(), clientset.WithCAFile(ca), clientset.WithServerName("localhost"), clientset.WithoutAuth(),
				clientPair(t))
		}),
		"doesn't contain any IP SANs": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			l, ca := secure(t, func(*tls.Config, authority) {})
			return clientset.ForEndpoint(l.Addr().String(), clientset.WithCAFile(ca), clientset.WithoutAuth())
		}),
		"or set FLYTE_ADMIN_INSECURE": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return ofFlyte(t, map[string]string{"FLYTE_ADMIN_ENDPOINT": quiet(t).Endpoint()})
		}),
		"certificate signed by unknown authority": overTLS(func(*testing.T, *mockserver.Server) []clientset.Option { return nil }),
		"certificate is valid for": overTLS(func(t *testing.T, s *mockserver.Server) []clientset.Option {
			return []clientset.Option{clientset.WithCAFile(authorityFile(t, s)), clientset.WithServerName("other")}
		}),
		"certificate has expired or is not yet valid": overTLS(func(t *testing.T, s *mockserver.Server) []clientset.Option {
			later := func() time.Time { return time.Now().AddDate(100, 0, 0) }
			return []clientset.Option{
				clientset.WithCAFile(authorityFile(t, s)), clientset.WithTLSConfig(&tls.Config{Time: later, MinVersion: tls.VersionTLS12}),
			}
		}),
		"the answer is a web page, not JSON": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			s.Script().TokenEndpoint().Down(true)
			return at(s, machine(s, secretOf(s)))
		}),
		"not followed: it would carry secrets there": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			s.Script().TokenEndpoint().FailNext(1, oauth.Answer{Status: http.StatusFound, Header: http.Header{"Location": {"https://new.example.com/token"}}})
			return at(s, machine(s, secretOf(s)))
		}),
		"no port to listen on is free": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			taken, ok := listening(t).Addr().(*net.TCPAddr)
			if !ok {
				t.Fatal("no port")
			}
			return at(quiet(t), clientset.WithPrompter(mutePrompter{}),
				clientset.WithFlow(flow.PKCE{NoBrowser: true, RedirectURI: "http://127.0.0.1/callback", Ports: []int{taken.Port}}))
		}),
		"environment variable NO_SUCH_VARIABLE is not set": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			return at(s, machine(s, flow.SecretEnv("NO_SUCH_VARIABLE")))
		}),
		"no such file or directory": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			return at(s, machine(s, flow.SecretFile("/nowhere/secret")))
		}),
		"StaticToken was given an empty text": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t), clientset.WithFlow(flow.StaticToken("")))
		}),
		"client set closed": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			cs, err := at(quiet(t))
			_ = cs.Close()
			return cs, err
		}),
		"where the login is": hurried("where the login is", func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			return at(s, machine(s, secretOf(s)), clientset.WithConfigStore(configstore.Static(
				configstore.ClientConfig{TokenEndpoint: "http://" + closedPort(t) + "/token"})))
		}),
		"a person needs longer to log in": hurried("a person", func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t), clientset.WithPrompter(mutePrompter{}), clientset.WithFlow(flow.DeviceCode{}))
		}),
		"the attempt before that ended with": hurried("the attempt before", func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			s.Script().FailNext(listProjects, 1000, codes.Unavailable, "overloaded")
			return at(s, machine(s, secretOf(s)), clientset.WithRetries(1000))
		}),
		"auth_type and api_endpoint must be provided": resolving(func(l func(string) (string, bool)) platform.Resolver {
			return wallaroo.Resolver{LookupEnv: l}
		}),
		"REPERTOIRE_BASE_URL not set": resolving(delegated),
		"service discovery failed": func(t *testing.T) error {
			return resolving(func(func(string) (string, bool)) platform.Resolver {
				return delegated(func(string) (string, bool) { return "http://" + closedPort(t), true })
			})(t)
		},
		"no address of Kubeflow Pipelines": resolving(func(l func(string) (string, bool)) platform.Resolver {
			return kubeflow.Resolver{LookupEnv: l}
		}),
		"no API token": resolving(func(l func(string) (string, bool)) platform.Resolver {
			return jupyterhub.Resolver{Config: jupyterhub.Config{LookupEnv: l}}
		}),
		"no endpoint: set it, or FLYTE_API_KEY": func(t *testing.T) error {
			return resolving(func(l func(string) (string, bool)) platform.Resolver {
				return flyte.Resolver{LookupEnv: l, Dir: t.TempDir(), Home: t.TempDir()}
			})(t)
		},
		"it lies in the working directory": func(t *testing.T) error {
			dir := t.TempDir()
			text := "admin:\n  endpoint: flyte.example.com\n  authType: ExternalCommand\n  command: [make-token]\n"
			if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return resolving(func(l func(string) (string, bool)) platform.Resolver {
				return flyte.Resolver{LookupEnv: l, Dir: dir, Home: t.TempDir(), Trust: flyte.FileTrust{Dir: filepath.Join(dir, "trust")}}
			})(t)
		},
		"but the variable is":            misspeltVariable,
		`did you mean "admin.endpoint"?`: misspeltKey,
	}
	maps.Copy(all, wireSituations())
	return all
}

// delegated is Nublado's resolver for a request that lacks nothing.
func delegated(lookup func(string) (string, bool)) platform.Resolver {
	return nublado.Resolver{LookupEnv: lookup, Source: nublado.FromRequest(http.Header{
		nublado.HeaderUser: {"ada"}, nublado.HeaderToken: {"gt-0123456789abcdefghijkl.0123456789abcdefghijkl"},
	})}
}

// Every row of the table in docs/errors.md is an error that occurs, with the code of the
// row.
func TestEveryRowOfTheErrorsPageCanBeProvoked(t *testing.T) {
	t.Parallel()
	_, table, found := strings.Cut(read(t, "../docs/errors.md"), "## What you see")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)`[^|]*\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1)
	makers := situations()
	if !found || len(rows) != len(makers) {
		t.Errorf("%d rows, and %d situations to check them", len(rows), len(makers))
	}
	for _, row := range rows {
		text, code := row[1], row[2]
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			provoke, ok := makers[text]
			if !ok {
				t.Fatal("nothing here makes this error")
			}
			err := provoke(t)
			if err == nil || !strings.Contains(err.Error(), text) || status.Code(err).String() != code {
				t.Errorf("%v (%v), want %q with %s", err, status.Code(err), text, code)
			}
		})
	}
}

// afterRevokedLogin returns what makes a program that uses a stored login. The server
// revoked that login.
func afterRevokedLogin(t *testing.T) (program func() *clientset.ClientSet) {
	t.Helper()
	s, logins := quiet(t), &tokenstore.MemoryStore{}
	first := made(t)(at(s, clientset.WithStore(logins), clientset.WithPrompter(mutePrompter{}),
		clientset.WithFlow(flow.PKCE{OpenBrowser: mocktest.NewBrowser(s).Open, RedirectURI: "http://127.0.0.1/callback"})))
	if err := first.Login(soon(t)); err != nil {
		t.Fatal(err)
	}
	s.Script().RevokeLogins()
	return func() *clientset.ClientSet { return made(t)(at(s, clientset.WithStore(logins))) }
}
