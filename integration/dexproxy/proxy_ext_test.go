package dexproxy_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jetway-go/jetway/integration"
)

// patience ends what should have ended long before.
const patience = 3 * time.Minute

const sessionCookie = "_oauth2_proxy"

// deployment says how the proxy and Dex are set up. The zero value redirects
// straight to the form.
type deployment struct {
	signInPage bool          // answers 403 with a page instead of redirecting
	approval   bool          // Dex asks whether the proxy may know who it is
	choice     bool          // Dex has another connector beside its own passwords
	open       bool          // no login at all
	life       time.Duration // of sessions; zero is the proxy's own, a week
	refresh    time.Duration // the age from which the proxy renews a session; zero is never
	api        http.Handler  // Kubeflow's HTTP API, below /pipeline/apis; nil is none
}

// proxy is an oauth2-proxy with Dex behind it.
type proxy struct {
	deployment
	*dex

	address  string
	upstream string
	secret   string // seals its sessions
	stop     func()
}

func startProxy(t *testing.T, d deployment) *proxy {
	t.Helper()
	routes := http.NewServeMux()
	routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("Kubeflow")) })
	if d.api != nil {
		routes.Handle("/pipeline/apis/", d.api)
	}
	pages := httptest.NewServer(routes)
	t.Cleanup(pages.Close)
	address := integration.FreeAddress(t)
	p := &proxy{deployment: d, dex: startDex(t, address, d.choice, d.approval), address: address, upstream: pages.URL}
	p.run(t)
	return p
}

func (p *proxy) url() string { return "http://" + p.address }

// run starts the process, with a new secret: sessions of an earlier one are void.
func (p *proxy) run(t *testing.T) {
	t.Helper()
	p.secret = rand.Text()[:16]
	prompt := "auto"
	if p.approval {
		prompt = "force"
	}
	args := []string{
		"--provider=oidc", "--oidc-issuer-url=" + p.issuer, "--client-id=" + client, "--redirect-url=" + p.url() + "/oauth2/callback",
		"--http-address=" + p.address, "--upstream=" + p.upstream, "--email-domain=*", "--insecure-oidc-allow-unverified-email=true",
		"--cookie-secure=false", "--set-xauthrequest=true", "--approval-prompt=" + prompt,
		fmt.Sprintf("--skip-provider-button=%v", !p.signInPage),
	}
	if p.open {
		args = append(args, "--skip-auth-route=.*")
	}
	if p.life > 0 {
		args = append(args, "--cookie-expire="+p.life.String())
	}
	if p.refresh > 0 {
		args = append(args, "--cookie-refresh="+p.refresh.String(), "--scope=openid email profile offline_access")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary(t), args...)
	cmd.Env = []string{"OAUTH2_PROXY_CLIENT_SECRET=" + clientSecret, "OAUTH2_PROXY_COOKIE_SECRET=" + p.secret}
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is always ended
		close(ended)
	}()
	p.stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(p.stop)
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if code, _ := ask(t, p.url()+"/ping", ""); code == http.StatusOK {
			return
		}
		select {
		case <-ended:
			t.Fatalf("oauth2-proxy ended: %v", cmd.ProcessState)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("oauth2-proxy does not answer")
		}
	}
}

// binary is what prepare.sh has built.
func binary(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../.tmp/bin/oauth2-proxy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("oauth2-proxy is missing, integration/prepare.sh builds it: %v", err)
	}
	return path
}

// ask makes a request with a cookie and follows no redirect. Without an answer
// the status is zero.
func ask(t *testing.T, address, cookie string) (code int, header http.Header) {
	t.Helper()
	hc := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	resp, err := hc.Do(req)
	if err != nil {
		return 0, nil
	}
	_ = resp.Body.Close()
	return resp.StatusCode, resp.Header
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want it to contain %q", text, part)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
