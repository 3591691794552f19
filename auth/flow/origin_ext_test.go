package flow_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/configstore"
)

// hosts is a network without sockets that keeps every byte sent to each host.
type hosts struct {
	answers map[string]http.HandlerFunc

	mu   sync.Mutex
	sent map[string]*bytes.Buffer
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := httputil.DumpRequestOut(r, true)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	if h.sent == nil {
		h.sent = map[string]*bytes.Buffer{}
	}
	if h.sent[r.URL.Host] == nil {
		h.sent[r.URL.Host] = &bytes.Buffer{}
	}
	h.sent[r.URL.Host].Write(raw)
	h.mu.Unlock()
	answer := h.answers[r.URL.Host]
	if answer == nil {
		answer = grants(`{"access_token":"at-canary-2","refresh_token":"refresh-canary-2","expires_in":3600}`)
	}
	return inMemory{answer}.RoundTrip(r)
}

func (h *hosts) bytes(host string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sent[host] == nil {
		return ""
	}
	return h.sent[host].String()
}

func (h *hosts) env(cfg configstore.ClientConfig) auth.Env {
	if cfg.ClientID == "" {
		cfg.ClientID = "cli"
	}
	return auth.Env{Config: &config{now: cfg}, HTTP: &http.Client{Transport: h}}
}

// boundTo is a person's login that the server has issued.
func boundTo(server string) *auth.Credentials {
	c := person()
	c.TokenOrigin = server
	return c
}

func TestRefreshTokensGoToNoOtherServerThanTheirIssuer(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]auth.Renewer{
		"stored": flow.Stored{}, "auto": flow.Auto{}, "browser": flow.PKCE{}, "device": flow.DeviceCode{},
		"with a client secret": flow.PKCE{ClientSecret: flow.SecretValue(clientSecret)},
	} {
		for issued, configured := range map[string]string{
			"https://login.example.com":      "https://login.evil.example/token",
			"https://login.example.com:8443": "https://login.example.com/token",
			"http://127.0.0.1:1":             "http://127.0.0.1:2/token",
			"https://127.0.0.1":              "http://127.0.0.1/token",
			"nonsense":                       "https://nonsense/token",
		} {
			h := &hosts{}
			_, err := f.Renew(t.Context(), h.env(configstore.ClientConfig{TokenEndpoint: configured}), boundTo(issued))
			elsewhere := (*flow.OriginError)(nil)
			if !errors.As(err, &elsewhere) || elsewhere.Issued != issued || elsewhere.Configured != strings.TrimSuffix(configured, "/token") {
				t.Errorf("%s: %v, want a *flow.OriginError", name, err)
				continue
			}
			// A person can help; the login is as good as before.
			if !errors.Is(err, auth.ErrInteractionRequired) || errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
				t.Errorf("%s: %v with code %v", name, err, status.Code(err))
			}
			contains(t, err.Error(), issued, elsewhere.Configured, "log in again", "set the configuration back")
			if found := findCanary(printed(err), oldRefresh, "access-canary-old", clientSecret); found != "" {
				t.Errorf("%s: %q shows up in %v", name, found, err)
			}
			if len(h.sent) != 0 {
				t.Errorf("%s: something was sent to %v", name, h.sent)
			}
		}
	}
}

func TestRefreshTokensGoToTheirIssuer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		issued, revokedAt  string // before
		endpoint, revoking string // as configured
		wantRevocation     string // afterwards
	}{
		"same server, another path": {"https://login.example.com", "", "https://LOGIN.example.com:443/v2/token", "", ""},
		"written by hand":           {"https://login.example.com/", "", "https://login.example.com/token", "", ""},
		"an older login is bound by its renewal": {
			"", "", "https://login.example.com/token", "https://revoke.example.com/", "https://revoke.example.com",
		},
		"the revocation endpoint is that of the login": {
			"https://login.example.com", "https://revoke.example.com", "https://login.example.com/token", "https://evil.example/", "https://revoke.example.com",
		},
		"and none appears later": {"https://login.example.com", "", "https://login.example.com/token", "https://evil.example/", ""},
	} {
		h := &hosts{}
		prev := boundTo(tc.issued)
		prev.RevocationOrigin = tc.revokedAt
		env := h.env(configstore.ClientConfig{TokenEndpoint: tc.endpoint, RevocationEndpoint: tc.revoking})
		got, err := flow.Stored{}.Renew(t.Context(), env, prev)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.TokenOrigin != "https://login.example.com" || got.RevocationOrigin != tc.wantRevocation {
			t.Errorf("%s: bound to %q and %q", name, got.TokenOrigin, got.RevocationOrigin)
		}
		if text := printed(got); strings.Contains(text, "example.com") {
			t.Errorf("%s: printing the login tells where it is from: %s", name, text)
		}
	}
}

// A configuration that is read anew because the server did not know the path may
// lead elsewhere by then.
func TestRefreshTokensDoNotFollowAChangedConfiguration(t *testing.T) {
	t.Parallel()
	h := &hosts{answers: map[string]http.HandlerFunc{"login.example.com": http.NotFound}}
	env := h.env(configstore.ClientConfig{TokenEndpoint: "https://login.example.com/token"})
	cfg, _ := env.Config.(*config)
	cfg.next = configstore.ClientConfig{TokenEndpoint: "https://evil.example/token", ClientID: "cli"}
	_, err := flow.Stored{}.Renew(t.Context(), env, boundTo("https://login.example.com"))
	if err == nil || errors.Is(err, auth.ErrRejected) || cfg.invalidated != 1 {
		t.Errorf("got %v after reading the configuration anew %d times", err, cfg.invalidated)
	}
	if got := h.bytes("evil.example"); got != "" {
		t.Errorf("sent there: %s", got)
	}
}

// A program that runs for long remembers a configuration for long, too.
func TestAConfigurationThatWasSetBackIsNoticed(t *testing.T) {
	t.Parallel()
	h := &hosts{}
	env := h.env(configstore.ClientConfig{TokenEndpoint: "https://evil.example/token"})
	cfg, _ := env.Config.(*config)
	cfg.next = configstore.ClientConfig{TokenEndpoint: "https://login.example.com/token", ClientID: "cli"}
	c, err := flow.Stored{}.Renew(t.Context(), env, boundTo("https://login.example.com"))
	if err != nil || c.AccessToken != "at-canary-2" || cfg.invalidated != 1 {
		t.Errorf("got %v, %v after reading the configuration anew %d times", c, err, cfg.invalidated)
	}
	if got := h.bytes("evil.example"); got != "" {
		t.Errorf("sent there: %s", got)
	}
}

// A password that the program holds needs no person.
func TestPasswordLogsInAnewAtAnotherServer(t *testing.T) {
	t.Parallel()
	h := &hosts{}
	env := h.env(configstore.ClientConfig{TokenEndpoint: "https://new.example.com/token"})
	f := flow.Password{Username: "ada", Password: flow.SecretValue("password-canary")}
	c, err := f.Renew(t.Context(), env, boundTo("https://login.example.com"))
	if err != nil || c.AccessToken != "at-canary-2" || c.TokenOrigin != "https://new.example.com" {
		t.Fatalf("got %v and %v", c, err)
	}
	sent := h.bytes("new.example.com")
	contains(t, sent, "grant_type=password", "password-canary")
	if findCanary(sent, oldRefresh, "access-canary-old") != "" {
		t.Errorf("the old login went to the new server: %s", sent)
	}
}

func TestTokensAreRevokedAtTheirOwnServersOnly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		issued, revokedAt string // at the login
		endpoint          string // now
		sent              bool
	}{
		"the issuer":                       {"https://login.example.com", "", "https://login.example.com/revoke", true},
		"another server of the provider":   {"https://login.example.com", "https://accounts.example.com", "https://accounts.example.com/revoke", true},
		"the issuer, which has it by now":  {"https://login.example.com", "https://accounts.example.com", "https://login.example.com/revoke", true},
		"a login of unknown origin":        {"", "", "https://accounts.example.com/revoke", true},
		"a stranger":                       {"https://login.example.com", "", "https://evil.example/revoke", false},
		"a stranger in the other's place":  {"https://login.example.com", "https://accounts.example.com", "https://evil.example/revoke", false},
		"the same host without protection": {"https://127.0.0.1", "", "http://127.0.0.1/revoke", false},
	} {
		h := &hosts{}
		// The token endpoint is the right one: that alone makes no other server trustworthy.
		env := h.env(configstore.ClientConfig{TokenEndpoint: "https://login.example.com/token", RevocationEndpoint: tc.endpoint})
		c := boundTo(tc.issued)
		c.RevocationOrigin = tc.revokedAt
		err := flow.Stored{}.Revoke(t.Context(), env, c)
		elsewhere := (*flow.OriginError)(nil)
		if (err == nil) != tc.sent || errors.As(err, &elsewhere) == tc.sent || (len(h.sent) != 0) != tc.sent {
			t.Errorf("%s: %v, sent %v", name, err, h.sent)
		}
		if err == nil {
			continue
		}
		contains(t, err.Error(), tc.issued, "revoke them at their own server")
		if errors.Is(err, auth.ErrInteractionRequired) || findCanary(printed(err), oldRefresh, "access-canary-old") != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The whole story: a login, a configuration that was changed, and back.
func TestAStoredLoginOutlivesAWrongConfiguration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a person's login at their provider, kept in a file ...
		const evil = "login.evil.example"
		home := configstore.ClientConfig{
			TokenEndpoint: "https://login.example.com/token", DeviceAuthorizationEndpoint: "https://login.example.com/device",
		}
		h := &hosts{answers: map[string]http.HandlerFunc{"login.example.com": provides("home")}}
		store := &tokenstore.FileStore{Dir: t.TempDir()}
		key := auth.Key{Endpoint: "flyte.example", Flow: auth.StoredFlow}
		program := func(f auth.Flow, cfg configstore.ClientConfig) *auth.Authenticator {
			env := h.env(cfg)
			env.Prompter = &notes{}
			a := auth.New(key, f, env, auth.WithStore(store))
			t.Cleanup(func() { _ = a.Close() })
			return a
		}
		if err := program(flow.DeviceCode{}, home).Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		before, err := store.Retrieve(t.Context(), key)
		if err != nil || before.TokenOrigin != "https://login.example.com" {
			t.Fatalf("stored %v, %v", before, err)
		}

		// ... when its token has ended, and the backend names another server by now ...
		time.Sleep(2 * time.Hour)
		moved := configstore.ClientConfig{TokenEndpoint: "https://" + evil + "/token", DeviceAuthorizationEndpoint: "https://" + evil + "/device"}
		a := program(flow.Stored{}, moved)
		if _, err := a.Credentials(t.Context()); err != nil {
			t.Errorf("the first call does not even leave: %v", err)
		}
		_, err = a.Refresh(t.Context(), before)

		// ... then calls fail and say why, nothing has been sent there, and the login is kept.
		if !errors.Is(err, auth.ErrInteractionRequired) || status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v with code %v", err, status.Code(err))
		}
		contains(t, err.Error(), "https://login.example.com", "https://"+evil, "log in again")
		if got := h.bytes(evil); got != "" {
			t.Errorf("sent to the other server: %s", got)
		}
		if after, err := store.Retrieve(t.Context(), key); err != nil || *after != *before {
			t.Errorf("the stored login is %v, %v by now", after, err)
		}

		// With the configuration set back it is renewed without a person.
		c, err := program(flow.Stored{}, home).Credentials(t.Context())
		if err != nil || c == nil || c.AccessToken != "at-canary-home" {
			t.Errorf("renewed to %v, %v", c, err)
		}

		// Where a person can be asked, a refused call asks them; the old login still
		// goes nowhere, and the new one is the other server's.
		time.Sleep(2 * time.Hour)
		h.answers[evil] = provides("moved")
		a = program(flow.DeviceCode{}, moved)
		if c, err = a.Credentials(t.Context()); err != nil || c != nil {
			t.Errorf("the first call carries %v, %v", c, err)
		}
		if c, err = a.Refresh(t.Context(), nil); err != nil || c == nil || c.AccessToken != "at-canary-moved" || c.TokenOrigin != "https://"+evil {
			t.Errorf("asked, and got %v, %v", c, err)
		}
		if found := findCanary(h.bytes(evil), "refresh-canary-home", "at-canary-home"); found != "" {
			t.Errorf("%q was sent to the other server", found)
		}
	})
}

// provides is a provider with a device flow, where every person says yes at once.
func provides(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/device" {
			grants(rfcOffer)(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"at-canary-`+name+`","refresh_token":"refresh-canary-`+name+`","expires_in":3600}`)
	}
}
