package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/wallaroo/apitest"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// raceAtExit has the race detector not wait a second at the end of every process.
const raceAtExit = "atexit_sleep_ms=10"

// Each script is what a person does to log in, or what a program does with the login.
func TestLoginScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "login"),
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			for name, value := range map[string]string{
				"HOME": home, "XDG_CONFIG_HOME": filepath.Join(home, "config"), "XDG_CACHE_HOME": filepath.Join(home, "cache"),
				"NO_COLOR": "1", "TERM": "xterm", "GORACE": raceAtExit,
			} {
				e.Setenv(name, value)
			}
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"backend": quick, "account": account, "mode": mode, "exits": exits, "system": system, "secure": secure,
		},
	})
}

// browse stands in for a browser: a person who agrees to everything.
func browse() {
	b := &mocktest.Browser{Login: os.Getenv("LOGIN"), Password: os.Getenv("PASSWORD"), Deny: os.Getenv("DENY") != ""}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	err := b.Open(ctx, os.Args[len(os.Args)-1])
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "browse:", err)
		os.Exit(1)
	}
}

// quick is backend with a device flow that asks every second, for ada@example.com if the
// argument is approving.
func quick(ts *testscript.TestScript, _ bool, args []string) {
	c := oauth.Config{DeviceInterval: time.Second}
	opts := []mockserver.Option{mockserver.WithProject("demo")}
	for _, arg := range args {
		switch arg {
		case "approving":
			c.AutoApprove = "ada"
		case "open":
			opts = append(opts, mockserver.WithOpenAccess())
		default:
			ts.Fatalf("backend: unknown argument %q", arg)
		}
	}
	server, err := mockserver.New(append(opts, mockserver.WithOAuth(c))...)
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	for name, value := range map[string]string{
		"ENDPOINT": server.URL(), "API_KEY": server.APIKey(), "CLIENT_ID": server.ClientID(), "CLIENT_SECRET": server.ClientSecret(),
		"LOGIN": server.Login(), "PASSWORD": server.Password(), "BROWSER": "browse",
	} {
		ts.Setenv(name, value)
	}
}

// account starts a second mock, with another user, and sets $ENDPOINT2 and $API_KEY2.
func account(ts *testscript.TestScript, _ bool, args []string) {
	server, err := mockserver.New(mockserver.WithOAuth(oauth.Config{AutoApprove: args[0], Accounts: []oauth.Account{{Login: args[0], Password: "p"}}}))
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	ts.Setenv("ENDPOINT2", server.URL())
	ts.Setenv("API_KEY2", server.APIKey())
}

// secure starts a mock with TLS, and writes the certificate of its authority to a file.
func secure(ts *testscript.TestScript, _ bool, args []string) {
	server, err := mockserver.New(mockserver.WithTLS(), mockserver.WithOAuth(oauth.Config{AutoApprove: "ada", DeviceInterval: time.Second}))
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), server.CACertPEM(), 0o600))
	ts.Setenv("ENDPOINT", server.URL())
}

// system starts the fake of a sibling system and sets the variables that lead there:
// system wallaroo|nublado|kubeflow|jupyterhub.
func system(ts *testscript.TestScript, _ bool, args []string) {
	for name, value := range map[string]func(*testscript.TestScript) map[string]string{
		"wallaroo": startWallaroo, "nublado": startNublado, "kubeflow": startKubeflow, "jupyterhub": startHub,
	}[args[0]](ts) {
		ts.Setenv(name, value)
	}
}

func startWallaroo(ts *testscript.TestScript) map[string]string {
	realm := keycloaktest.NewRealm(keycloaktest.Config{
		Users: []keycloaktest.User{{Name: "ada@example.com", Password: "s3cret", Email: "ada@example.com"}}, AutoApprove: "ada@example.com",
		Interval: time.Second, TokenTTL: time.Hour,
	})
	api := apitest.NewServer(apitest.Config{Verifier: realm, Login: realm})
	ts.Defer(api.Close)
	return map[string]string{
		"WALLAROO_URL": api.URL, "WALLAROO_SDK_AUTH_TYPE": "user_password", "WALLAROO_USER": "ada@example.com", "WALLAROO_PASSWORD": "s3cret",
	}
}

func startNublado(ts *testscript.TestScript) map[string]string {
	s := nubladotest.NewServer()
	ts.Defer(s.Close)
	token := s.Gafaelfawr.IssueToken("ada", time.Hour, nubladotest.NotebookScope)
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Redirect(w, r, "/login?rd=x", http.StatusFound)
		} else if r.URL.Path != "/nb/hub/home" {
			http.NotFound(w, r)
		}
	}))
	ts.Defer(hub.Close)
	s.SetNubladoURL(hub.URL + "/nb/")
	return map[string]string{"REPERTOIRE_BASE_URL": s.DiscoveryURL(), "ACCESS_TOKEN": token, "JETWAY_USER": "ada"}
}

func startKubeflow(ts *testscript.TestScript) map[string]string {
	s := dextest.NewServer(dextest.Config{
		Users: map[string]string{"ada@example.com": "s3cret"},
		Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/pipeline/apis/") && r.URL.Path != "/pipeline/apis/v2beta1/experiments" {
				http.NotFound(w, r)
			}
		}),
	})
	ts.Defer(s.Close)
	return map[string]string{"KF_PIPELINES_ENDPOINT": s.URL, "JETWAY_USER": "ada@example.com", "JETWAY_PASSWORD": "s3cret"}
}

func startHub(ts *testscript.TestScript) map[string]string {
	hub := hubtest.NewServer(hubtest.Config{})
	ts.Defer(hub.Close)
	hub.AddService(hubtest.Service{Name: "robot"})
	return hub.ServiceEnv("robot")
}
