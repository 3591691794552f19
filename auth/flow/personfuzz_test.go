package flow

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

const knownState = "state-canary-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Only an answer with the state of the login is one, and only by its code.
func FuzzCallback(f *testing.F) {
	for _, seed := range []string{
		"", "code=1&state=" + knownState, "code=1&state=x", "error=access_denied&state=" + knownState, "code=1&code=2&state=" + knownState,
		"error=x&error_description=%00%1b[31m&state=" + knownState, "code=1&state=" + knownState + "&iss=https://evil.example", "%zz", ";;;",
		"http://127.0.0.1:1/callback?code=1&state=" + knownState + "#x", "state=" + knownState + "&code=%00", "?", "code=" + strings.Repeat("x", 9999),
	} {
		f.Add(seed)
	}
	c := callback{state: knownState, issuer: "https://honest.as.example", host: "idp.example"}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err == nil {
			code, err := c.judge(query)
			checkVerdict(t, query, code, err)
		}
		code, err := c.pasted(text)
		_, asked, _ := strings.Cut(pastedAddress(text), "?")
		if query, broken := url.ParseQuery(asked); err == nil && broken == nil && asked != "" {
			checkVerdict(t, query, code, nil)
		}
		if (code == "") == (err == nil) {
			t.Fatalf("%q gave %q and %v", text, code, err)
		}
	})
}

func checkVerdict(t *testing.T, query url.Values, code string, err error) {
	t.Helper()
	switch {
	case (code == "") == (err == nil):
		t.Fatalf("%v gave %q and %v", query, code, err)
	case err == nil && (query.Get("state") != knownState || query.Get("code") != code || len(query["code"]) != 1 || query.Has("error")):
		t.Fatalf("%v counts as an answer", query)
	case err == nil && query.Has("iss") && query.Get("iss") != "https://honest.as.example":
		t.Fatalf("%v counts, but is from another server", query)
	case err != nil && !errors.Is(err, errStray) && query.Get("state") != knownState:
		t.Fatalf("%v ends the login with %v", query, err)
	case err != nil && strings.Contains(err.Error(), knownState):
		t.Fatalf("the state shows up in %v", err)
	case err != nil && strings.ContainsAny(err.Error(), "\n\r\x00\x1b"):
		t.Fatalf("control characters in %q", err)
	}
}

// FuzzDeviceAnswer lets a server say anything when asked for a code. Nothing of it
// reaches a terminal or a browser unchecked.
func FuzzDeviceAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"device_code":"d","user_code":"u","verification_uri":"https://h/","verification_uri_complete":"https://h/?u","expires_in":1,"interval":-1}`,
		`{"device_code":"d","user_code":"\u001b[2J","verification_uri":"javascript:x"}`, `{"error":"slow_down"}`, `null`, `[]`, ``, `{"interval":1e999}`,
		`{"device_code":"d","user_code":"u","verification_url":"HTTP://h\u202e/'","expires_in":"x","interval":{}}`,
	} {
		f.Add([]byte(seed), 200, "application/json")
	}
	f.Fuzz(func(t *testing.T, body []byte, status int, contentType string) {
		if o, err := parseOffer(body); err == nil && (o.interval < 1 || o.interval > longestInterval || o.life <= 0) {
			t.Fatalf("interval %v, life %v", o.interval, o.life)
		}
		told := &told{}
		_, err := DeviceCode{}.obtain(t.Context(), auth.Env{
			Prompter: told, HTTP: &http.Client{Transport: fixedAnswer{status, contentType, body}},
			Config: fixedConfig(configstore.ClientConfig{
				TokenEndpoint: "https://idp.example/token", DeviceAuthorizationEndpoint: "https://idp.example/device", ClientID: "cli",
			}),
		})
		if err == nil {
			t.Fatal("no error, though the person has gone")
		}
		for _, p := range told.prompts {
			checkShown(t, p)
		}
	})
}

// errGone is a person who leaves when asked.
var errGone = errors.New("the person has gone")

type told struct{ prompts []auth.Prompt }

func (n *told) Prompt(_ context.Context, p auth.Prompt) error {
	n.prompts = append(n.prompts, p)
	return errGone
}

func checkShown(t *testing.T, p auth.Prompt) {
	t.Helper()
	for _, address := range []string{p.URL, p.CompleteURL} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "") || p.URL == "" {
			t.Fatalf("shows %q", address)
		}
	}
	for _, r := range p.URL + p.CompleteURL + p.Code {
		if r < ' ' || r == 0x7f || r == 0x202e {
			t.Fatalf("shows %+q", p.URL+p.CompleteURL+p.Code)
		}
	}
	if strings.ContainsAny(p.URL+p.CompleteURL, "'\"`<>\\ ") {
		t.Fatalf("shows %q and %q, on which programs trip", p.URL, p.CompleteURL)
	}
}

type fixedAnswer struct {
	status      int
	contentType string
	body        []byte
}

func (a fixedAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", a.contentType)
	w.WriteHeader(min(max(a.status, 200), 499)) // a 503 would be worth waiting for
	_, _ = w.Write(a.body)
	resp := w.Result()
	resp.Request = r
	if resp.StatusCode == http.StatusTooManyRequests {
		resp.Header.Del("Retry-After")
	}
	return resp, nil
}

// FuzzAuthorizationEndpoint lets a configuration name anything as the place to log
// in. A browser opens http and https only, at that place only.
func FuzzAuthorizationEndpoint(f *testing.F) {
	for _, seed := range []string{
		"https://idp.example/authorize?a=b", "javascript:alert(1)", "file:///etc/passwd", "https://h\x00/", "-https://h", "https://h/?state=x&state=y",
		"http://localhost/a", "https://h/%zz?%zz", "ms-msdt:/id PCWDiagnostic", "https://u:p@h", " https://h", "https://h/'\"`$(x)", "https://h/it's",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		opened := 0
		flow := PKCE{OpenBrowser: func(_ context.Context, address string) error {
			opened++
			checkShown(t, auth.Prompt{URL: address})
			return errGone
		}}
		s, err := flow.prepare(t.Context(), auth.Env{Config: fixedConfig(configstore.ClientConfig{
			TokenEndpoint: "https://idp.example/token", AuthorizationEndpoint: endpoint, ClientID: "cli",
		})})
		if err != nil {
			return
		}
		s.callback, s.redirectURI = callback{state: knownState}, "http://127.0.0.1:1/callback"
		_, err = s.wait(t.Context())
		if err == nil || opened > 1 {
			t.Fatalf("got %v after %d browsers", err, opened)
		}
		if opened == 0 {
			return
		}
		address, err := s.address()
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil || u.Query().Get("state") != knownState || len(u.Query()["state"]) != 1 || len(u.Query()["redirect_uri"]) != 1 {
			t.Fatalf("sends the browser to %q", address)
		}
	})
}
