package flow_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// Any page in the same browser can send requests to the port. None of them ends
// the login, and none of them becomes it.
func TestStormOnTheCallbackPort(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, _ := p.env(t)
	held := make(chan struct{})
	grant := p.exchange
	var once sync.Once
	p.token = func(w http.ResponseWriter, r *http.Request) {
		<-held // the login is claimed, not yet done
		p.token = nil
		grant(w, r)
	}
	v := newVisitor(t)
	var second page
	storm := func(_ context.Context, address string) error {
		back, err := follow(address)
		if err != nil {
			return err
		}
		u, err := url.Parse(back)
		if err != nil {
			return err
		}
		stray := strays(u)
		var wg sync.WaitGroup
		for range 20 {
			for what, address := range stray {
				wg.Go(func() {
					if got := visit(address); got.status < 400 || strings.Contains(got.body, "Logged in") {
						t.Errorf("%s: HTTP %d: %s", what, got.status, got.body)
					}
				})
			}
		}
		wg.Wait()
		if n := len(p.seen(&p.exchanged)); n != 0 {
			t.Errorf("%d token requests before the real answer", n)
		}
		go func() { v.pages <- visit(back) }()
		for len(p.seen(&p.exchanged)) == 0 {
			time.Sleep(time.Millisecond)
		}
		second = visit(back)
		once.Do(func() { close(held) })
		return nil
	}

	c, err := flow.PKCE{OpenBrowser: storm}.Obtain(t.Context(), env, nil)
	if err != nil || c.AccessToken != "at-canary-1" {
		t.Fatalf("got %v and %v", c, err)
	}
	if got := <-v.pages; got.status != 200 || !strings.Contains(got.body, "Logged in") {
		t.Errorf("the browser shows HTTP %d: %s", got.status, got.body)
	}
	if second.status != http.StatusConflict {
		t.Errorf("the second hit shows HTTP %d: %s", second.status, second.body)
	}
}

// strays are requests that must not matter.
func strays(u *url.URL) map[string]string {
	base, q := "http://"+u.Host, u.Query()
	with := func(change func(url.Values)) string {
		other := url.Values{}
		for k, v := range q {
			other[k] = append([]string(nil), v...)
		}
		change(other)
		return base + u.Path + "?" + other.Encode()
	}
	return map[string]string{
		"favicon":                base + "/favicon.ico",
		"wrong path":             base + "/other?" + u.RawQuery,
		"no query":               base + u.Path,
		"wrong state":            with(func(v url.Values) { v.Set("state", "guess") }),
		"no state":               with(func(v url.Values) { v.Del("state") }),
		"half a state":           with(func(v url.Values) { v.Set("state", v.Get("state")[:10]) }),
		"two states":             with(func(v url.Values) { v.Add("state", "guess") }),
		"two codes":              with(func(v url.Values) { v.Add("code", "guess") }),
		"error of another login": base + u.Path + "?error=access_denied&state=guess",
		"error without a state":  base + u.Path + "?error=access_denied",
		"code and error":         with(func(v url.Values) { v.Set("error", "access_denied") }),
		"state alone":            with(func(v url.Values) { v.Del("code") }),
		"wrong Host":             strings.Replace(with(func(url.Values) {}), "127.0.0.1", "localhost", 1),
		"script":                 base + u.Path + "?error=<script>&error_description=<script>alert(1)</script>&state=x",
	}
}

// The page says what came of the login, because the code is exchanged first.
func TestPageTellsTheTruth(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.token = answers(400, "application/json", `{"error":"invalid_grant","error_description":"<script>alert(1)</script>"}`)
	env, _ := p.env(t)
	v := newVisitor(t)
	_, err := flow.PKCE{OpenBrowser: v.open}.Obtain(t.Context(), env, nil)
	if !errors.Is(err, auth.ErrRejected) || errors.Is(err, auth.ErrDeclined) {
		t.Errorf("got %v, want a rejection", err)
	}
	got := <-v.pages
	if got.status != 400 || !strings.Contains(got.body, "Login failed") || strings.Contains(got.body, "alert") {
		t.Errorf("the browser shows HTTP %d: %s", got.status, got.body)
	}
}

func TestWhatTheServerSendsBack(t *testing.T) {
	t.Parallel()
	refuse := func(code string) func(url.Values) {
		return func(v url.Values) {
			v.Del("code")
			v.Set("error", code)
			v.Set("error_description", "told\nwhy")
		}
	}
	issuer := configstore.ClientConfig{Issuer: "https://honest.as.example"}
	required := configstore.ClientConfig{Issuer: "https://honest.as.example", IssRequired: true}
	is := func(iss string) func(url.Values) { return func(v url.Values) { v.Set("iss", iss) } }
	tests := map[string]struct {
		cfg    configstore.ClientConfig
		answer func(url.Values)
		is     error
		isNot  error
		code   codes.Code // OK: the login succeeds
		text   []string
	}{
		"denied": {answer: refuse("access_denied"), is: flow.ErrDenied, isNot: auth.ErrRejected, code: codes.Unauthenticated, text: []string{"authorization endpoint", "access_denied", `"told why"`}},
		"state told back": {answer: func(v url.Values) {
			refuse("access_denied")(v)
			v.Set("error_description", "for state "+v.Get("state"))
		}, is: flow.ErrDenied, isNot: auth.ErrRejected, code: codes.Unauthenticated, text: []string{"for state [redacted]"}},
		"scope":               {answer: refuse("invalid_scope"), is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated, text: []string{"check the scopes"}},
		"own code":            {answer: refuse("login_required"), is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated},
		"busy":                {answer: refuse("temporarily_unavailable"), isNot: auth.ErrRejected, code: codes.Unavailable},
		"iss of the server":   {cfg: required, answer: is("https://honest.as.example")},
		"iss is not promised": {cfg: issuer, answer: is("https://honest.as.example")},
		"no iss, no promise":  {cfg: issuer},
		"no issuer is known":  {answer: is("https://any.example")},
		"iss of another":      {cfg: issuer, answer: is("https://evil.example"), is: auth.ErrRejected, code: codes.Unauthenticated, text: []string{"evil.example", "honest.as.example"}},
		"iss with a slash":    {cfg: issuer, answer: is("https://honest.as.example/"), is: auth.ErrRejected, code: codes.Unauthenticated},
		"iss missing":         {cfg: required, is: auth.ErrRejected, code: codes.Unauthenticated, text: []string{"iss"}},
		"iss empty":           {cfg: issuer, answer: is(""), is: auth.ErrRejected, code: codes.Unauthenticated},
		"refusal of another": {cfg: issuer, is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated, answer: func(v url.Values) {
			refuse("access_denied")(v)
			v.Set("iss", "https://evil.example")
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.answer = tc.answer
			env, _ := p.env(t)
			set(env, func(c *configstore.ClientConfig) { *c = c.WithOverride(tc.cfg) })
			v := newVisitor(t)
			c, err := flow.PKCE{OpenBrowser: v.open}.Obtain(t.Context(), env, nil)
			shown := <-v.pages
			if tc.code == codes.OK {
				if err != nil || c.AccessToken == "" || shown.status != 200 {
					t.Errorf("got %v and page %d", err, shown.status)
				}
				return
			}
			te := (*flow.TokenError)(nil)
			if !errors.As(err, &te) || status.Code(err) != tc.code {
				t.Fatalf("got %v with code %v, want %v", err, status.Code(err), tc.code)
			}
			if tc.is != nil && !errors.Is(err, tc.is) || tc.isNot != nil && errors.Is(err, tc.isNot) {
				t.Errorf("got %v, want %v and not %v", err, tc.is, tc.isNot)
			}
			contains(t, err.Error(), tc.text...)
			if shown.status != 400 || len(p.seen(&p.exchanged)) != 0 {
				t.Errorf("page %d and %d token requests, want a failure and none", shown.status, len(p.seen(&p.exchanged)))
			}
		})
	}
}

// The person has decided by now, so the next login is what a new configuration
// can help.
func TestUnknownClientMakesTheNextLoginReadAgain(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.token = answers(401, "application/json", `{"error":"invalid_client"}`)
	env, _ := p.env(t)
	cfg := env.Config.(*config)
	v := newVisitor(t)
	if _, err := (flow.PKCE{OpenBrowser: v.open}).Obtain(t.Context(), env, nil); !errors.Is(err, auth.ErrRejected) {
		t.Errorf("got %v", err)
	}
	<-v.pages
	if n := len(p.seen(&p.exchanged)); cfg.invalidated != 1 || n != 1 {
		t.Errorf("forgotten %d times after %d requests, want once after one", cfg.invalidated, n)
	}
}
