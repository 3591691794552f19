package mock

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// errUsage marks errors of the flags.
var errUsage = errors.New("wrong flags")

// run is what the command does with its arguments.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, env ...string) error {
	f := &Flags{}
	c := &cobra.Command{}
	set := c.Flags()
	set.Var(&f.Format, "output", "")
	verbose := set.Bool("v", false, "")
	f.Define(c)
	if err := set.Parse(args); err != nil {
		return errors.Join(err, errUsage)
	}
	if err := f.Check(c); err != nil {
		return errors.Join(err, errUsage)
	}
	f.Read(func(name string) (string, bool) {
		for i := 0; i < len(env); i += 2 {
			if env[i] == name {
				return env[i+1], true
			}
		}
		return "", false
	})
	var logger *slog.Logger
	if *verbose {
		logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return Run(ctx, f, stdout, logger)
}

// started runs the command until the test ends and returns what it printed.
func started(t *testing.T, args ...string) map[string]string {
	t.Helper()
	return startedWith(t, nil, args...)
}

// startedWith has variables, too: names and values.
func startedWith(t *testing.T, env []string, args ...string) map[string]string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, args, in, t.Output(), env...)
		_ = in.Close()
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	facts := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		facts[strings.TrimSpace(lines.Text()[:14])] = strings.TrimSpace(lines.Text()[14:])
		if facts["go"] != "" {
			break
		}
	}
	if facts["endpoint"] == "" {
		t.Fatalf("announced %v", facts)
	}
	go func() {
		_, _ = io.Copy(io.Discard, out) // the settings
	}()
	return facts
}

func healthy(t *testing.T, endpoint string, creds credentials.TransportCredentials) {
	t.Helper()
	if err := check(t, endpoint, creds); err != nil {
		t.Error(err)
	}
}

// check makes one call that needs no access token.
func check(t *testing.T, endpoint string, creds credentials.TransportCredentials) error {
	t.Helper()
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	return err
}

func TestRun(t *testing.T) {
	t.Parallel()
	facts := started(t, "--project", "demo", "--token-ttl", "5m", "--client", "ci", "--scopes", "all read", "--v")

	healthy(t, facts["grpc target"], insecure.NewCredentials())
	key, err := base64.StdEncoding.DecodeString(facts["api key"])
	if want := facts["endpoint"] + ":ci:" + facts["client secret"] + ":"; err != nil || string(key) != want {
		t.Errorf("API key says %q, %v", key, err)
	}
	if want := `cs, err := clientset.ForAPIKey("` + facts["api key"] + `")`; facts["go"] != want || !strings.HasPrefix(facts["endpoint"], "http://") {
		t.Errorf("to paste: %q and %q", facts["endpoint"], facts["go"])
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"ci"}, "client_secret": {facts["client secret"]}}
	if code, body := askToken(t, facts["issuer"], form); code != http.StatusOK || !strings.Contains(body, `"expires_in":300`) {
		t.Errorf("token endpoint: %d", code)
	}
}

func TestRunWithTLS(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	facts := started(t, "--tls", "--ca-file", file)
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) || facts["ca file"] != file {
		t.Errorf("no certificate in %s", facts["ca file"])
	}
	healthy(t, facts["grpc target"], credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}))
}

func TestRunDemandsClientCertificates(t *testing.T) {
	t.Parallel()
	ca, client := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "client.pem")
	facts := startedWith(t, []string{EnvProxyToken, "pass"}, "--tls", "--ca-file", ca, "--client-cert-file", client)
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(client, client)
	if err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[codes.Code]*tls.Config{
		codes.Unavailable: {RootCAs: pool, MinVersion: tls.VersionTLS12},
		codes.Unknown:     {RootCAs: pool, MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, // the proxy's answer
	} {
		if err := check(t, facts["grpc target"], credentials.NewTLS(cfg)); status.Code(err) != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
	for _, want := range []string{
		`ForAPIKey("` + facts["api key"] + `", `, `clientset.WithCAFile("` + ca + `")`,
		`clientset.WithClientCertificate("` + client + `", "` + client + `")`,
		`clientset.WithProxyFlow(flow.StaticToken("pass"), nil)`,
	} {
		if !strings.Contains(facts["go"], want) {
			t.Errorf("%q lacks %q", facts["go"], want)
		}
	}
}

func TestRunOnUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	facts := started(t, "--unix", path, "--http-front", "--opaque", "--strict", "--open")
	if facts["endpoint"] != "unix://"+path {
		t.Errorf("endpoint %q", facts["endpoint"])
	}
	healthy(t, facts["grpc target"], insecure.NewCredentials())
}

// By default clients of all protocols can call; grpc-go's own server serves gRPC only.
func TestRunServesEveryProtocolUnlessToldNotTo(t *testing.T) {
	t.Parallel()
	const page = "http://localhost:5173"
	for want, args := range map[string][]string{
		"HTTP/1.1 200 OK": {"--open", "--allow-origin", page},
		"":                {"--open", "--http-front=false"},
	} {
		facts := started(t, args...)
		healthy(t, facts["grpc target"], insecure.NewCredentials())
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			facts["endpoint"]+"/flyteidl2.project.ProjectService/ListProjects", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Content-Type": {"application/json"}, "Origin": {page}}
		got, origin := "", ""
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err == nil {
			got, origin = resp.Proto+" "+resp.Status, resp.Header.Get("Access-Control-Allow-Origin")
			_ = resp.Body.Close()
		}
		if got != want || want != "" && origin != page {
			t.Errorf("%v: got %q for origin %q, %v", args, got, origin, err)
		}
	}
}

// A script reads one object as soon as the mock serves. Logs hold no secret.
func TestRunForAScript(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	var stderr strings.Builder
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--output", "json", "--v", "--open"}, in, &stderr) }()
	var facts map[string]string
	if err := json.NewDecoder(out).Decode(&facts); err != nil {
		t.Fatal(err)
	}
	healthy(t, facts["grpc_target"], insecure.NewCredentials())
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {facts["client_id"]}, "client_secret": {facts["client_secret"]}}
	code, body := askToken(t, facts["issuer"], form)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK || answer.AccessToken == "" {
		t.Fatalf("token endpoint: %d, %v", code, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(stderr.String(), "/oauth2/token") {
		t.Errorf("nothing was logged: %q", stderr.String())
	}
	for _, name := range []string{"client_secret", "password", "api_key"} {
		if facts[name] == "" || strings.Contains(stderr.String(), facts[name]) {
			t.Errorf("%s is empty or was logged", name)
		}
	}
	if strings.Contains(stderr.String(), answer.AccessToken) {
		t.Error("the access token was logged")
	}
}

// askToken posts form to the token endpoint of issuer.
func askToken(t *testing.T, issuer string, form url.Values, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// The user named on the command line can log in; quirks show in the answer.
func TestRunWithAUser(t *testing.T) {
	t.Parallel()
	facts := startedWith(t, []string{EnvProxyToken, "pass"}, "--login", "grace", "--quirk", "lower-case-bearer", "--quirk", "no-scope")
	form := url.Values{
		"grant_type": {"password"}, "client_id": {"jetway-public"}, "username": {facts["login"]}, "password": {facts["password"]},
	}
	code, body := askToken(t, facts["issuer"], form, "Proxy-Authorization", "Bearer pass")
	if facts["login"] != "grace" || !strings.Contains(body, `"bearer"`) || strings.Contains(body, `"scope"`) {
		t.Errorf("token endpoint: %d", code)
	}
}

// What is to be pasted names this server, and only what a profile can hold.
func TestRunPrintsCommandsForThisServer(t *testing.T) {
	t.Parallel()
	facts := started(t, "--project", "my project")
	if want := "jetway profile add mock --replace --endpoint " + facts["endpoint"] + " --project 'my project' --domain development && jetway profile use mock"; facts["set up"] != want {
		t.Errorf("set up: %q, want %q", facts["set up"], want)
	}
	if want := "echo " + facts["api key"] + " | jetway login --profile mock --api-key-stdin"; facts["log in"] != want {
		t.Errorf("log in: %q, want %q", facts["log in"], want)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if facts := started(t, "--demo", "--open", "--tls", "--ca-file", file); facts["log in"] != "" || !strings.Contains(facts["set up"], " --ca-file "+file+" --project demo ") {
		t.Errorf("open, with TLS: %q and %q", facts["set up"], facts["log in"])
	}
	if facts := startedWith(t, []string{EnvProxyToken, "pass"}); facts["set up"] != "" || facts["log in"] != "" {
		t.Errorf("behind a proxy: %q and %q", facts["set up"], facts["log in"])
	}
}

// Nothing else in this test links gzip.
func TestCompressedRequestsAreAccepted(t *testing.T) {
	t.Parallel()
	if encoding.GetCompressor("gzip") == nil {
		t.Error("compressed calls would end as Unimplemented")
	}
}

// A server left behind would fail the package's goroutine check.
func TestRunEndsWhenItsOutputIsClosed(t *testing.T) {
	t.Parallel()
	out, in := io.Pipe()
	_ = out.Close()
	if err := run(t.Context(), nil, in, io.Discard); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
