package clientset_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// loginSituations are errors of the login: its settings, its flow, and the stored one.
func loginSituations() map[string]situation {
	return map[string]situation{
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
		"the answer is a web page, not JSON": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			s.Script().TokenEndpoint().Down(true)
			return at(s, machine(s, secretOf(s)))
		}),
		"not followed: it would carry secrets there": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			s.Script().TokenEndpoint().FailNext(1, faults.Answer{Status: http.StatusFound, Header: http.Header{"Location": {"https://new.example.com/token"}}})
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
		"where the login is": hurried("where the login is", func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			return at(s, machine(s, secretOf(s)), clientset.WithConfigStore(configstore.Static(
				configstore.ClientConfig{TokenEndpoint: "http://" + closedPort(t) + "/token"})))
		}),
		"a person needs longer to log in": hurried("a person", func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t), clientset.WithPrompter(mutePrompter{}), clientset.WithFlow(flow.DeviceCode{}))
		}),
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
