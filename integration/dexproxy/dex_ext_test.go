package dexproxy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"
)

const (
	user     = "ann@example.com"
	password = "pw-canary-ann"
	other    = "bob@example.com"

	client       = "kubeflow-oidc-authservice"
	clientSecret = "secret-canary-client"
)

// dex is a Dex, and how often somebody has sent its forms.
type dex struct {
	issuer    string
	forms     atomic.Int64 // with name and password
	approvals atomic.Int64
	renewals  atomic.Int64 // requests with a refresh token
}

// startDex runs Dex inside of the test, for a proxy at the address.
func startDex(t *testing.T, proxy string, choice, approval bool) *dex {
	t.Helper()
	d := &dex{}
	var handler http.Handler
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/auth/local") {
			d.forms.Add(1)
		}
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/approval") {
			d.approvals.Add(1)
		}
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/token") && r.FormValue("grant_type") == "refresh_token" {
			d.renewals.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		front.Close()
		cancel()
	})
	d.issuer = "http://" + front.Listener.Addr().String() + "/dex"

	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		t.Fatal(err)
	}
	logger := logrus.New()
	logger.SetOutput(t.Output())
	store := memory.New(logger)
	store = storage.WithStaticClients(store, []storage.Client{
		{ID: client, Secret: clientSecret, Name: "Kubeflow", RedirectURIs: []string{"http://" + proxy + "/oauth2/callback"}},
	})
	store = storage.WithStaticPasswords(store, []storage.Password{
		{Email: user, Hash: hash, Username: "ann", UserID: "1"}, {Email: other, Hash: hash, Username: "bob", UserID: "2"},
	}, logger)
	connectors := []storage.Connector{{ID: server.LocalConnector, Type: server.LocalConnector, Name: "Email"}}
	if choice {
		connectors = append(connectors, storage.Connector{ID: "mock", Type: "mockCallback", Name: "Example", Config: []byte("{}")})
	}
	store = storage.WithStaticConnectors(store, connectors)
	handler, err = server.NewServer(ctx, server.Config{
		Issuer: d.issuer, Storage: store, IDTokensValidFor: time.Hour, SkipApprovalScreen: !approval, Logger: logger,
		Web: server.WebConfig{Dir: filepath.Join(moduleDir(t, "github.com/dexidp/dex"), "web")}, PrometheusRegistry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	front.Start()
	return d
}

// moduleDir is where a module's files are.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("find %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}
