package console_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/console"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/presets"
)

func TestPageTellsWhatHasHappened(t *testing.T) {
	t.Parallel()
	s, c := attached(t, mockserver.WithProject("demo"))
	v := visit(t, s, c)
	conn := connect(t, s)
	old := issue(t, s)
	s.Script().RevokeTokens()
	_ = list(as(t, old.AccessToken, "x-request-id", "one"), conn)
	token := issue(t, s)
	_ = list(as(t, token.AccessToken, "x-request-id", "one"), conn)
	s.Script().FailNext("*", 1, codes.PermissionDenied, "no rights here")
	_ = list(as(t, token.AccessToken, "x-request-id", "two"), conn)
	start(as(t, token.AccessToken), t, conn, "first")
	_, body := v.get(t, s.HTTPURL()+console.Path)
	for what, want := range map[string]string{
		"a refusal":           `<span class="tone warn">Unauthenticated</span>`,
		"why it was refused":  "token " + oauth.TokenID(old.AccessToken)[:8] + " is not accepted: revoked token",
		"what was repeated":   "↻ repeats ",
		"and how":             "; with a new token",
		"a failure's message": "no rights here",
		"a token by ID":       `title="token ` + oauth.TokenID(token.AccessToken) + `"`,
		"its login":           "ada",
		"a story":             "<b>revoked</b>",
		"the run":             "<b>first</b>",
		"its action":          "<b>a0</b>",
		"a service":           "flyteidl2.project.ProjectService",
		"the protocol":        "gRPC",
		"the address":         s.URL(),
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s: %q", what, want)
		}
	}
	if n := strings.Count(body, "↻ repeats"); n != 1 {
		t.Errorf("%d requests are shown as retries", n)
	}
}

func TestPageHasAButtonForEveryFault(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	_, body := v.get(t, s.HTTPURL()+console.Path)
	for _, p := range presets.All() {
		button := strings.Contains(body, `value="start:`+p.Name+`"`) && strings.Contains(body, p.Title)
		if late := p.TokenTTL > 0; button == late { // a server that runs cannot start it
			t.Errorf("%s has a button: %t", p.Name, button)
		}
	}
	v.press(t, "start:token-endpoint-down")
	if _, body := v.get(t, s.HTTPURL()+console.Path); !strings.Contains(body, `value="stop:token-endpoint-down"`) || !strings.Contains(body, "Token endpoint: Down") {
		t.Error("the page does not show that the token endpoint is down")
	}
	v.press(t, "stop:token-endpoint-down")
	if on := s.Script().TokenEndpoint().On(); len(on) > 0 {
		t.Errorf("still on: %v", on)
	}
}

func TestPageDecidesDevices(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	for _, decision := range []string{"approve:", "deny:"} {
		v.send(t, http.MethodPost, s.Issuer()+"/oauth2/device_authorization", url.Values{"client_id": {mockserver.PublicClientID}}.Encode())
		code := s.Script().PendingDevices()[0].UserCode
		if _, body := v.get(t, s.HTTPURL()+console.Path); !strings.Contains(body, `value="`+decision+code+`"`) {
			t.Errorf("no button %s", decision)
		}
		if resp, body := v.press(t, decision+code, "Accept", "application/json"); resp.StatusCode != http.StatusOK || !strings.Contains(body, "said") {
			t.Errorf("%s: %s, %s", decision, resp.Status, body)
		}
		if left := s.Script().PendingDevices(); len(left) != 0 {
			t.Errorf("%s: %d devices wait", decision, len(left))
		}
		if resp, body := v.press(t, decision+code, "Accept", "application/json"); resp.StatusCode != http.StatusConflict || !strings.Contains(body, "It did not work") {
			t.Errorf("%s again: %s, %s", decision, resp.Status, body)
		}
	}
}

// What clients send is text, wherever it appears.
func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	s, c := attached(t, mockserver.WithProject("demo"))
	const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>'` + "\r\n\r\ndata: {}\r\revent: x"
	s.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{evil}},
		{Action: evil, New: &backend.NewAction{Group: evil}, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING},
		{Action: evil, Phase: commonpb.ActionPhase_ACTION_PHASE_FAILED, Error: &workflowpb.ErrorInfo{Message: evil}},
		{Manual: true},
	}})
	if _, err := s.Script().IssueToken(oauth.TokenSpec{Subject: evil, ClientID: evil}); err != nil {
		t.Fatal(err)
	}
	v := visit(t, s, c)
	conn := connect(t, s)
	token := issue(t, s).AccessToken
	v.get(t, s.HTTPURL()+"/"+url.PathEscape(evil))
	v.send(t, http.MethodPost, s.TokenURL(), url.Values{"grant_type": {evil}, "client_id": {evil}}.Encode())
	s.Script().FailNext("*", 1, codes.Internal, evil)
	_ = list(as(t, token), conn)
	start(as(t, token), t, conn, "first")
	events := v.follow(t, "?run="+url.QueryEscape("demo/development/first"))
	await(t, events, "the failed action", showing("timeline", "failed", "onerror"))
	_, body := v.get(t, s.HTTPURL()+console.Path+"?run="+url.QueryEscape("demo/development/first")+"&action=1")
	texts := map[string]string{"the page": body}
	_, all := await(t, v.follow(t, ""), "the faults", showing("faults"))
	for _, e := range all {
		if e.Panel == "broken" {
			t.Errorf("the stream broke: %q", e.Text)
		}
		texts[e.Panel] = e.HTML
	}
	found := 0
	for where, text := range texts {
		found += strings.Count(text, "onerror")
		if strings.Contains(text, "<img") || strings.Contains(text, "<script>") || regexp.MustCompile(`<[^>]*\sonerror`).MatchString(stripped(text)) {
			t.Errorf("%s: %s", where, text)
		}
	}
	if found < 10 {
		t.Errorf("the hostile text was shown %d times only", found)
	}
}

// stripped returns HTML without the values of attributes.
func stripped(html string) string { return regexp.MustCompile(`"[^"]*"`).ReplaceAllString(html, `""`) }

// No token and no secret is in the page, its stream or the log, wherever a client sends it.
func TestConsoleShowsNoSecret(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, c := attached(t, mockserver.WithLogger(logger), mockserver.WithProject("demo"), mockserver.WithProxyAuth("canary-of-the-proxy"))
	token := issue(t, s)
	s.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"the token is " + token.AccessToken, "Bearer " + token.RefreshToken, s.ClientSecret()}},
		{Action: token.RefreshToken, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING},
		{Phase: commonpb.ActionPhase_ACTION_PHASE_FAILED, Error: &workflowpb.ErrorInfo{Message: "refused " + token.AccessToken}},
	}})
	address := c.Address()
	code := address[strings.LastIndexByte(address, '=')+1:]
	v := visit(t, s, c)
	v.get(t, address) // with another code than the first
	conn := connect(t, s)
	proxy := []string{"proxy-authorization", "Bearer canary-of-the-proxy"}
	s.Script().FailNext("*", 1, codes.Internal, "the token was "+token.AccessToken)
	_ = list(as(t, token.AccessToken, append(proxy, "x-note", token.AccessToken)...), conn)
	start(as(t, token.AccessToken, proxy...), t, conn, "first")
	v.get(t, s.HTTPURL()+"/x/"+token.AccessToken+"?t="+token.AccessToken, "Proxy-Authorization", proxy[1])
	for _, form := range []url.Values{
		{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {mockserver.PublicClientID}},
		{"grant_type": {token.AccessToken}, "client_id": {s.ClientSecret()}, "scope": {s.Password()}},
		{"grant_type": {"password"}, "username": {s.Password()}, "password": {s.ClientSecret()}, "client_id": {mockserver.PublicClientID}},
	} {
		v.send(t, http.MethodPost, s.TokenURL(), form.Encode(), "Proxy-Authorization", proxy[1])
	}
	var all strings.Builder
	for _, query := range []string{"", "?run=" + url.QueryEscape("demo/development/first")} {
		_, body := v.get(t, s.HTTPURL()+console.Path+query)
		all.WriteString(strings.ReplaceAll(body, v.csrf, ""))
		_, events := await(t, v.follow(t, query), "the faults", showing("faults"))
		for _, e := range events {
			if strings.Contains(e.HTML, v.csrf) {
				t.Errorf("%s holds the token of the forms", e.Panel)
			}
			fmt.Fprintln(&all, e.HTML, e.Text)
		}
	}
	text := all.String()
	if !strings.Contains(text, "[redacted]") || !strings.Contains(text, "first") {
		t.Error("the page does not show what was sent at all")
	}
	var cookie string
	for _, k := range v.http.Jar.Cookies(mustParse(t, s.HTTPURL()+console.Path)) {
		cookie += k.Value
	}
	for what, secret := range map[string]string{
		"access token": token.AccessToken, "its signature": token.AccessToken[strings.LastIndexByte(token.AccessToken, '.')+1:],
		"refresh token": token.RefreshToken, "client secret": s.ClientSecret(), "password": s.Password(), "proxy's token": "canary-of-the-proxy",
		"code of the address": code, "cookie": cookie,
	} {
		if len(secret) < 8 {
			t.Fatalf("%s: %q", what, secret)
		}
		if strings.Contains(text, secret) {
			t.Errorf("the console shows the %s", what)
		}
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has the %s", what)
		}
	}
	if strings.Contains(log.String(), "/console") {
		t.Error("the log has requests of the console")
	}
	for _, r := range s.Requests() {
		if strings.Contains(r.Method, "/console") {
			t.Errorf("the console is among the requests: %s", r.Method)
		}
	}
}

func mustParse(tb testing.TB, text string) *url.URL {
	tb.Helper()
	u, err := url.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
