package doctor_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/doctor"
	"github.com/jetway-go/jetway/mockserver"
)

// keyed is the key of a person's login at an address.
func keyed(address string) auth.Key { return auth.Key{Endpoint: address, Flow: auth.StoredFlow} }

// keeping is a client of a mock with this store.
func keeping(s *mockserver.Server, store auth.Store) fault {
	return fault{target: doctor.Endpoint("http://"+s.Endpoint(), clientset.WithStore(store))}
}

// holding is a client of a mock with this login in its store.
func holding(c auth.Credentials) func(t *testing.T) fault {
	return func(t *testing.T) fault {
		t.Helper()
		s, store := mock(t), &tokenstore.MemoryStore{}
		if err := store.Store(t.Context(), keyed(s.Endpoint()), &c); err != nil {
			t.Fatal(err)
		}
		return keeping(s, store)
	}
}

// unusable is a store that says why it cannot be used, and fails the test if it is read all
// the same.
type unusable struct {
	t    *testing.T
	why  error
	read bool
}

func (u *unusable) Check(context.Context, auth.Key) error {
	return &auth.Error{Op: "check", Err: u.why}
}

func (u *unusable) Location(auth.Key) string { return "keyring (jetway)" }

func (u *unusable) Store(context.Context, auth.Key, *auth.Credentials) error {
	u.t.Error("something was stored")
	return nil
}

func (u *unusable) Retrieve(context.Context, auth.Key) (*auth.Credentials, error) {
	if !u.read {
		u.t.Error("a locked keyring was read, which asks a person")
	}
	return nil, auth.ErrNoCredentials
}

func (u *unusable) Delete(context.Context, auth.Key) error {
	u.t.Error("something was deleted")
	return nil
}

func checking(why error, read bool) func(t *testing.T) fault {
	return func(t *testing.T) fault {
		t.Helper()
		first := &unusable{t: t, why: why, read: read}
		return keeping(mock(t), &tokenstore.FallbackStore{Stores: []auth.Store{first, &tokenstore.MemoryStore{}}})
	}
}

// machine is a client with the mock's client ID and a secret.
func machine(s *mockserver.Server, secret string, opts ...clientset.Option) doctor.Target {
	return doctor.Endpoint("http://"+s.Endpoint(), append([]clientset.Option{
		clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(secret)}),
	}, opts...)...)
}

// tokensAt is a client whose token endpoint is at another server.
func tokensAt(t *testing.T, url string) fault {
	t.Helper()
	return fault{target: machine(mock(t), "secret", clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: url}))}
}

func loginFaults() map[row]func(t *testing.T) fault {
	return map[row]func(t *testing.T) fault{
		{"discovery", doctor.NoDiscovery}: func(t *testing.T) fault {
			issuer := "http://" + webServer(t, false, http.NotFound)
			return fault{target: machine(mock(t), "secret", clientset.WithConfigStore(configstore.Discovery(issuer, nil)))}
		},
		{"discovery", doctor.BadDiscovery}: func(t *testing.T) fault {
			issuer := "http://" + webServer(t, false, answering(http.StatusOK, "text/html"))
			return fault{target: machine(mock(t), "secret", clientset.WithConfigStore(configstore.Discovery(issuer, nil)))}
		},
		{"authserver", doctor.Refused}: func(t *testing.T) fault { return tokensAt(t, "http://"+closedPort(t)+"/token") },
		{"authserver", doctor.BadGateway}: func(t *testing.T) fault {
			return tokensAt(t, "http://"+webServer(t, false, answering(http.StatusServiceUnavailable, "")))
		},
		{"authserver", doctor.Redirected}: func(t *testing.T) fault {
			return tokensAt(t, "http://"+webServer(t, false, answering(http.StatusFound, "", "Location", "https://new.example.com/token")))
		},
		{"authserver", doctor.UnknownCA}: func(t *testing.T) fault {
			return tokensAt(t, "https://"+grpcServer(t, with(newAuthority(t).issue(t, nil)))+"/token")
		},
		{"clock", doctor.WrongClock}: func(t *testing.T) fault {
			late := time.Now().Add(7 * time.Minute).UTC().Format(http.TimeFormat)
			return tokensAt(t, "http://"+webServer(t, false, answering(http.StatusMethodNotAllowed, "", "Date", late)))
		},
		{"store", doctor.KeyringLocked}: checking(fmt.Errorf("%w: a person has to unlock it", tokenstore.ErrKeyringLocked), false),
		{"store", doctor.KeyringAbsent}: checking(fmt.Errorf("%w: no bus", tokenstore.ErrKeyringUnavailable), true),
		{"store", doctor.NotWritable}:   checking(fmt.Errorf("%w: open /home/ada/x: permission denied", tokenstore.ErrNotWritable), true),
		{"store", doctor.BadStore}: func(t *testing.T) fault {
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return keeping(mock(t), &tokenstore.FileStore{Dir: file, LockDir: t.TempDir()})
		},
		{"login", doctor.LoginNeeded}: func(t *testing.T) fault { return keeping(mock(t), &tokenstore.MemoryStore{}) },
		{"login", doctor.LoginEnded}: holding(auth.Credentials{
			RefreshToken: "stored-refresh", Ended: "the refresh token was revoked (2026-01-02T03:04:05Z)", TokenOrigin: "http://127.0.0.1",
		}),
		{"login", doctor.LoginExpired}: holding(auth.Credentials{AccessToken: "stored-access", Expiry: time.Now().Add(-time.Hour)}),
	}
}

func callFaults() map[row]func(t *testing.T) fault {
	return map[row]func(t *testing.T) fault{
		{"call", doctor.LoginNeeded}: func(t *testing.T) fault { return keeping(mock(t), &tokenstore.MemoryStore{}) },
		{"call", doctor.NoToken}:     func(t *testing.T) fault { return fault{target: machine(mock(t), "wrong")} },
		{"call", doctor.Rejected}: func(t *testing.T) fault {
			return fault{target: doctor.Endpoint("http://"+mock(t).Endpoint(), clientset.WithFlow(flow.StaticToken("old-token")))}
		},
		{"call", doctor.Denied}: func(t *testing.T) fault {
			return fault{target: doctor.APIKey(mock(t, mockserver.WithRequiredScopes("admin")).APIKey())}
		},
		{"call", doctor.NotServed}: func(t *testing.T) fault { return fault{target: at("http://" + grpcServer(t, nil))} },
		{"call", doctor.Timeout}: func(t *testing.T) fault {
			s := mock(t)
			hold := s.Script().Hold("/flyteidl2.project.ProjectService/ListProjects")
			t.Cleanup(hold.Release)
			return fault{target: doctor.APIKey(s.APIKey()), opts: []doctor.Option{quickly()}}
		},
		{"call", doctor.CallFailed}: func(t *testing.T) fault {
			return fault{target: doctor.APIKey(mock(t).APIKey()), opts: []doctor.Option{
				doctor.WithCall("Store/Get", func(context.Context, grpc.ClientConnInterface) error {
					return status.Error(codes.Internal, "the database is gone")
				}),
			}}
		},
		{"http", doctor.Redirected}:  web(answering(http.StatusFound, "", "Location", "/hub/login?next=/hub/api")),
		{"http", doctor.FrontLogin}:  web(asked(answering(http.StatusProxyAuthRequired, ""))),
		{"http", doctor.Rejected}:    web(answering(http.StatusUnauthorized, "application/json")),
		{"http", doctor.Denied}:      web(answering(http.StatusForbidden, "application/json")),
		{"http", doctor.BadGateway}:  web(asked(answering(http.StatusBadGateway, "text/html"))),
		{"http", doctor.CallFailed}:  web(asked(answering(http.StatusInternalServerError, ""))),
		{"http", doctor.NotServed}:   web(answering(http.StatusNotFound, "")),
		{"http", doctor.LoginNeeded}: web(answering(http.StatusUnauthorized, ""), clientset.WithFlow(flow.Stored{})),
	}
}

// web is a client of an HTTP API without gRPC, with a token.
func web(h http.HandlerFunc, opts ...clientset.Option) func(t *testing.T) fault {
	return func(t *testing.T) fault {
		t.Helper()
		base := "http://" + webServer(t, false, h) + "/hub/api"
		return fault{target: doctor.Endpoint("", append([]clientset.Option{
			clientset.WithHTTPBase(base), clientset.WithoutStore(), clientset.WithFlow(flow.StaticToken("api-token")),
		}, opts...)...)}
	}
}

// asked is h for requests with credentials; others are answered with 401.
func asked(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h(w, r)
	}
}
