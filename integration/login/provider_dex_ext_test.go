package login_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// dexTraits are those of the last Dex that can be had as a Go module (2.13.0, of
// 2018): a login page and refresh tokens, and little else.
var dexTraits = traits{
	NoRFC8414: true, NoIss: true, NoRevocation: true, NoDevice: true, NoResource: true, NoPKCE: true,
	MachineRefusal: "invalid_grant", PasswordRefusal: "invalid_grant",
	SignerRefusal: "invalid_client", ExchangeRefusal: "invalid_grant",
	UsedRefreshToken: "invalid_request", ReuseForgiven: true, OneLogin: true,
	DenialUntold: true,
	RedirectURI:  "http://localhost/callback", // all that it takes of a public client
	PersonScopes: []string{"openid", "email", "offline_access"},
}

// startDex runs Dex inside of the test.
func startDex(t *testing.T, s settings) *provider {
	t.Helper()
	var handler http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		front.Close()
		cancel()
	})

	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		t.Fatal(err)
	}
	logger := logrus.New()
	logger.SetOutput(t.Output())
	store := memory.New(logger)
	store = storage.WithStaticClients(store, []storage.Client{
		{ID: personClient, Name: "jetway", Public: true},
		{ID: machineClient, Secret: machineSecret, Name: "machine", RedirectURIs: []string{"http://127.0.0.1/none"}},
	})
	store = storage.WithStaticPasswords(store, []storage.Password{
		{Email: user, Hash: hash, Username: "ann", UserID: "1"}, {Email: other, Hash: hash, Username: "bob", UserID: "2"},
	}, logger)
	store = storage.WithStaticConnectors(store, []storage.Connector{{ID: server.LocalConnector, Type: server.LocalConnector, Name: "Email"}})

	ttl := s.tokenTTL
	if ttl == 0 {
		ttl = time.Hour
	}
	dex, err := server.NewServer(ctx, server.Config{
		Issuer: front.URL, Storage: store, IDTokensValidFor: ttl, Logger: logger,
		Web: server.WebConfig{Dir: filepath.Join(moduleDir(t, "github.com/dexidp/dex"), "web")}, PrometheusRegistry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	notes := &notebook{next: dex, known: map[string]note{}}
	handler = notes
	return &provider{name: "dex", issuer: front.URL, traits: dexTraits, verify: notes}
}

// moduleDir is where a module's files are.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("find %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// notebook stands in for what this Dex lacks: its access tokens are random, it
// does not remember them and introspects none. So what it hands out is written
// down on its way.
type notebook struct {
	next http.Handler

	mu    sync.Mutex
	known map[string]note
}

type note struct {
	subject string
	expiry  time.Time
}

func (n *notebook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/token") {
		n.next.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	n.next.ServeHTTP(rec, r)
	n.take(rec.Body.Bytes())
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = io.Copy(w, bytes.NewReader(rec.Body.Bytes()))
}

func (n *notebook) take(body []byte) {
	var answer struct {
		AccessToken string `json:"access_token"`
		IDToken     string `json:"id_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.AccessToken == "" {
		return
	}
	var claims struct {
		Email string `json:"email"`
	}
	if parts := strings.Split(answer.IDToken, "."); len(parts) == 3 {
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(payload, &claims)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[answer.AccessToken] = note{claims.Email, time.Now().Add(time.Duration(answer.ExpiresIn) * time.Second)}
}

// Verify is the backend's question.
func (n *notebook) Verify(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known, ok := n.known[p.Token]
	if !ok || time.Now().After(known.expiry) {
		return serverauth.Identity{}, status.Error(codes.Unauthenticated, "token unknown or expired")
	}
	return serverauth.Identity{Subject: known.subject}, nil
}
