package doctor_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/doctor"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// tunnels is a proxy that takes every connection to one address.
func tunnels(t *testing.T, to string) string {
	t.Helper()
	return webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", to)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(there, buffered)
			_ = there.Close()
		}()
		_, _ = io.Copy(here, there)
	})
}

// Where nothing is wrong, nothing is advised.
func TestAHealthyConnectionNeedsNoAdvice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		target func(t *testing.T) doctor.Target
		taken  string // the steps that are not skipped
	}{
		"without TLS": {
			func(t *testing.T) doctor.Target { return doctor.APIKey(mock(t).APIKey()) },
			"settings tcp protocol discovery authserver clock call",
		},
		"over TLS": {
			func(t *testing.T) doctor.Target {
				s := mock(t, mockserver.WithTLS())
				return doctor.APIKey(s.APIKey(), clientset.WithCAPEM(s.CACertPEM()))
			},
			"settings tcp tls protocol discovery authserver clock call",
		},
		"a name": {
			func(t *testing.T) doctor.Target {
				s := mock(t)
				return doctor.Endpoint("http://"+strings.Replace(s.Endpoint(), "127.0.0.1", "localhost", 1),
					clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())}))
			},
			"settings dns tcp protocol discovery authserver clock call",
		},
		"a unix socket": {
			func(t *testing.T) doctor.Target {
				socket := filepath.Join(t.TempDir(), "s")
				s := mock(t, mockserver.WithUnixSocket(socket))
				return doctor.Endpoint("unix://"+socket,
					clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())}))
			},
			"settings tcp protocol discovery authserver clock call",
		},
		"through a proxy": {
			func(t *testing.T) doctor.Target {
				a := newAuthority(t)
				cert := a.issue(t, nil)
				return at("flyte.example.com", a.trust(), clientset.WithServerName("localhost"), clientset.WithHTTPBase(
					"http://"+webServer(t, false, answering(http.StatusOK, ""))), clientset.WithProxyURL("http://user:pass-word@"+tunnels(t, grpcServer(t, with(cert)))))
			},
			"settings tcp proxy tls protocol clock http", // and a call, which that server does not serve
		},
		"a system without gRPC": {
			func(t *testing.T) doctor.Target {
				return web(asked(answering(http.StatusOK, "application/json")))(t).target
			},
			"settings tcp protocol clock http",
		},
		"a backend that wants no login": {
			func(t *testing.T) doctor.Target {
				return keeping(mock(t, mockserver.WithoutLogin()), &tokenstore.MemoryStore{}).target
			},
			"settings tcp protocol discovery clock store call",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := doctor.Run(t.Context(), tt.target(t))
			var taken []string
			for _, s := range report.Steps {
				if s.Name == "call" && s.Problem == doctor.NotServed {
					continue
				}
				if s.State != doctor.Skipped {
					taken = append(taken, s.Name)
				}
				if s.State != doctor.Skipped && s.State != doctor.OK || s.Advice != "" || s.Problem != "" {
					t.Errorf("%v", s)
				}
			}
			want := strings.Fields(tt.taken)
			for _, s := range taken {
				if !strings.Contains(" "+tt.taken+" ", " "+s+" ") {
					t.Errorf("%s was taken", s)
				}
			}
			if len(taken) < len(want)-1 || report.Err() != nil { // a clock is compared where a server told the time
				t.Errorf("%v, taken: %v", report, taken)
			}
		})
	}
}

// silent fails the test when a person is asked.
type silent struct{ t *testing.T }

func (s silent) Prompt(context.Context, auth.Prompt) error {
	s.t.Error("a person was asked")
	return errors.New("no person is here")
}

// asking is a flow for people that fails the test when it runs.
type asking struct {
	flow.Stored

	t *testing.T
}

func (a asking) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	a.t.Error("a login was begun")
	return nil, auth.ErrInteractionRequired
}

// loggedIn is a store with the login of a person at the mock.
func loggedIn(t *testing.T, s *mockserver.Server) auth.Store {
	t.Helper()
	store := &tokenstore.MemoryStore{}
	cs, err := clientset.ForEndpoint("http://"+s.Endpoint(), clientset.WithStore(store), clientset.WithPrompter(auth.Terminal(nil, io.Discard)),
		clientset.WithFlow(flow.PKCE{OpenBrowser: mocktest.NewBrowser(s).Open, RedirectURI: "http://127.0.0.1/callback"}))
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	if err := cs.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

func TestAStoredLoginIsReadAndUsedWithoutAnyFlow(t *testing.T) {
	t.Parallel()
	s := mock(t)
	store := loggedIn(t, s)
	s.ResetRequests()
	report := doctor.Run(t.Context(), doctor.Endpoint("http://"+s.Endpoint(), clientset.WithStore(store),
		clientset.WithFlow(asking{t: t}), clientset.WithPrompter(silent{t})))
	login, call := stepOf(t, report, "login"), stepOf(t, report, "call")
	if login.State != doctor.OK || !strings.Contains(login.Seen, "expires in") || !strings.Contains(login.Seen, "can be refreshed") {
		t.Errorf("%v", login)
	}
	if call.State != doctor.OK || !strings.Contains(call.Seen, "with the token ") {
		t.Errorf("%v", call)
	}
	for _, r := range s.Requests() {
		if r.Endpoint != "" && !strings.HasPrefix(r.Method, "GET ") {
			t.Errorf("%s was sent to the authorization server", r.Method)
		}
	}
}

// Whatever the backend says of the token, no person is asked, and no flow for people runs.
func TestNoPersonIsEverAsked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		store func(t *testing.T, s *mockserver.Server) auth.Store
		want  doctor.Problem

		shared doctor.State // of the call with an Authenticator of the program's
	}{
		"no login": {
			func(*testing.T, *mockserver.Server) auth.Store { return &tokenstore.MemoryStore{} }, doctor.LoginNeeded, doctor.Skipped,
		},
		"a login that ends": {loggedIn, doctor.Rejected, doctor.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mock(t)
			store := tt.store(t, s)
			s.Script().RevokeLogins()
			own := []clientset.Option{clientset.WithStore(store), clientset.WithFlow(asking{t: t}), clientset.WithPrompter(silent{t})}
			if got := stepOf(t, doctor.Run(t.Context(), doctor.Endpoint("http://"+s.Endpoint(), own...)), "call"); got.Problem != tt.want {
				t.Errorf("%v", got)
			}
			key := auth.Key{Endpoint: s.Endpoint()}
			shared := auth.New(key, asking{t: t}, auth.Env{Prompter: silent{t}}, auth.WithStore(store))
			defer shared.Close()
			report := doctor.Run(t.Context(), doctor.Endpoint("http://"+s.Endpoint(), clientset.WithAuthenticator(shared)))
			if got := stepOf(t, report, "call"); got.State != tt.shared {
				t.Errorf("%v", got)
			}
		})
	}
}

// The program's own dialer leads where the steps before the call cannot follow.
func TestADialerOfTheProgramsLeavesTheCallToTell(t *testing.T) {
	t.Parallel()
	s := mock(t, mockserver.WithInMemory())
	report := doctor.Run(t.Context(), doctor.APIKey(s.APIKey(), clientset.WithInsecure(), clientset.WithDialOptions(s.DialOption()),
		clientset.WithHTTPClient(s.HTTPClient())))
	if err := report.Err(); err != nil || stepOf(t, report, "call").State != doctor.OK {
		t.Errorf("%v\n%v", err, report)
	}
	if tcp := stepOf(t, report, "tcp"); tcp.State != doctor.Warning || !strings.Contains(tcp.Advice, "the call will tell") {
		t.Errorf("%v", tcp)
	}
}

// The doctor calls once, whatever the program's own settings are.
func TestTheCallIsMadeOnce(t *testing.T) {
	t.Parallel()
	const list = "/flyteidl2.project.ProjectService/ListProjects"
	s := mock(t)
	s.Script().FailNext(list, 99, codes.Unavailable, "overloaded")
	report := doctor.Run(t.Context(), doctor.APIKey(s.APIKey(), clientset.WithRetries(9)))
	calls := 0
	for _, r := range s.Requests() {
		if r.Method == list {
			calls++
		}
	}
	if got := stepOf(t, report, "call"); calls != 1 || got.Problem != doctor.CallFailed {
		t.Errorf("%d calls: %v", calls, got)
	}
}

// A directory that takes no file stops no login that can be read.
func TestALoginIsReadWhereNoneCanBeStored(t *testing.T) {
	t.Parallel()
	s, dir := mock(t), t.TempDir()
	store := &tokenstore.FileStore{Dir: filepath.Join(dir, "logins"), LockDir: filepath.Join(dir, "locks")}
	if err := store.Store(t.Context(), keyed(s.Endpoint()), &auth.Credentials{AccessToken: "file-token"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(store.LockDir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	report := doctor.Run(t.Context(), keeping(s, store).target)
	if got := stepOf(t, report, "store"); got.State != doctor.Failed {
		t.Errorf("%v", got)
	}
	if got := stepOf(t, report, "login"); got.State != doctor.OK || !strings.Contains(got.Seen, "no known end") {
		t.Errorf("%v", got)
	}
}
