package flow_test

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

func TestBrowserLogin(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, prompts := p.env(t)
	v := newVisitor(t)
	shownFirst := false
	prompts.also = func(auth.Prompt) { shownFirst = len(v.opened()) == 0 }
	before := time.Now()

	c, err := flow.PKCE{OpenBrowser: v.open}.Obtain(t.Context(), env, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.AccessToken != "at-canary-1" || c.RefreshToken != "refresh-canary-1" || c.ClientID != "cli" || c.IssuedAt.Before(before) {
		t.Errorf("got %+v of client %q", c, c.ClientID)
	}
	if got := <-v.pages; got.status != 200 || !strings.Contains(got.body, "Logged in") {
		t.Errorf("the browser shows HTTP %d: %s", got.status, got.body)
	}
	shown := prompts.all()
	if len(shown) != 1 || shown[0].URL != v.opened()[0] || !shownFirst || !shown[0].Opening || shown[0].Pasting || shown[0].Code != "" {
		t.Errorf("prompts %+v, opened %v, shown first: %v", shown, v.opened(), shownFirst)
	}
	if left := shown[0].Expiry.Sub(before); left < 2*time.Minute || left > 4*time.Minute {
		t.Errorf("the offer ends after %v, want three minutes", left)
	}
	asked := p.seen(&p.asked)[0]
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil || back.Hostname() != "127.0.0.1" || back.Path != "/callback" || back.Port() == "" {
		t.Errorf("redirect URI %q", asked.Get("redirect_uri"))
	}
	want := url.Values{
		"response_type": {"code"}, "client_id": {"cli"}, "scope": {"all offline"}, "code_challenge_method": {"S256"},
		"state": asked["state"], "code_challenge": asked["code_challenge"], "redirect_uri": asked["redirect_uri"],
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("authorization request (-want +got):\n%s", diff)
	}
	exchanged := p.seen(&p.exchanged)
	if len(exchanged) != 1 {
		t.Fatalf("%d token requests, want 1", len(exchanged))
	}
	want = url.Values{
		"grant_type": {"authorization_code"}, "code": {"code-canary-0"}, "client_id": {"cli"},
		"redirect_uri": asked["redirect_uri"], "code_verifier": exchanged[0]["code_verifier"],
	}
	if diff := cmp.Diff(want, exchanged[0]); diff != "" {
		t.Errorf("token request (-want +got):\n%s", diff)
	}
}

// RFC 7636 §4.1, and RFC 6749 §10.12: nothing is used twice.
func TestVerifierAndStateAreFresh(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, _ := p.env(t)
	v := newVisitor(t)
	f := flow.PKCE{OpenBrowser: v.open}
	const logins = 3
	for range logins {
		if _, err := f.Obtain(t.Context(), env, nil); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for i := range logins {
		seen[p.seen(&p.asked)[i].Get("state")] = true
		verifier := p.seen(&p.exchanged)[i].Get("code_verifier")
		seen[verifier] = true
		if !regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`).MatchString(verifier) {
			t.Errorf("verifier %q", verifier)
		}
	}
	if len(seen) != 2*logins {
		t.Errorf("%d different states and verifiers in %d logins", len(seen), logins)
	}
}

func TestAuthorizationRequestSaysWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, _ := p.env(t)
	set(env, func(c *configstore.ClientConfig) {
		c.AuthorizationEndpoint += "?tenant=a%26b&prompt=login&audience=old"
		c.RedirectURI = "http://localhost/cb"
		c.Audience = "configured"
	})
	v := newVisitor(t)
	f := flow.PKCE{
		OpenBrowser: v.open, ClientID: "own", Scopes: []string{"x"}, Audience: "api", Resources: []string{"https://a.example/", "urn:b"},
		Extra: url.Values{"connector_id": {"corp"}}, TokenExtra: url.Values{"vendor": {"1"}},
	}
	if _, err := f.Obtain(t.Context(), env, nil); err != nil {
		t.Fatal(err)
	}
	asked, exchanged := p.seen(&p.asked)[0], p.seen(&p.exchanged)[0]
	for name, want := range map[string][]string{
		"tenant": {"a&b"}, "prompt": {"login"}, "audience": {"api"}, "client_id": {"own"}, "scope": {"x"},
		"resource": {"https://a.example/", "urn:b"}, "connector_id": {"corp"}, "vendor": nil,
	} {
		if diff := cmp.Diff(want, asked[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !strings.HasPrefix(asked.Get("redirect_uri"), "http://localhost:") || !strings.HasSuffix(asked.Get("redirect_uri"), "/cb") {
		t.Errorf("redirect URI %q", asked.Get("redirect_uri"))
	}
	for name, want := range map[string][]string{
		"resource": {"https://a.example/", "urn:b"}, "vendor": {"1"}, "connector_id": nil, "audience": nil, "scope": nil, "client_id": {"own"},
	} {
		if diff := cmp.Diff(want, exchanged[name]); diff != "" {
			t.Errorf("token request, %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestBrowserLoginEndsInTime(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, _ := p.env(t)
	idle := func(context.Context, string) error { return nil }

	_, err := flow.PKCE{OpenBrowser: idle, Timeout: 30 * time.Millisecond}.Obtain(t.Context(), env, nil)
	if !errors.Is(err, flow.ErrLoginTimeout) || !errors.Is(err, auth.ErrDeclined) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v with code %v, want that it lapsed", err, status.Code(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = flow.PKCE{OpenBrowser: func(context.Context, string) error { cancel(); return nil }}.Obtain(ctx, env, nil)
	if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled || errors.Is(err, auth.ErrDeclined) {
		t.Errorf("got %v with code %v, want the caller's cancellation", err, status.Code(err))
	}
}

func TestBrowserThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	broken := func(context.Context, string) error { return errors.New("no browser here") }
	t.Run("the person opens the address that was shown", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		env, prompts := p.env(t)
		v := newVisitor(t)
		var tries atomic.Int64
		prompts.also = func(shown auth.Prompt) {
			go func() { _ = v.open(t.Context(), shown.URL) }()
		}
		_, err := flow.PKCE{OpenBrowser: func(ctx context.Context, a string) error { tries.Add(1); return broken(ctx, a) }}.Obtain(t.Context(), env, nil)
		if err != nil {
			t.Fatal(err)
		}
		<-v.pages
	})
	t.Run("nothing was shown", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		env, _ := p.env(t)
		env.Prompter = nil
		_, err := flow.PKCE{OpenBrowser: broken}.Obtain(t.Context(), env, nil)
		if err == nil || !strings.Contains(err.Error(), "no browser here") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("none is to be opened", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		env, prompts := p.env(t)
		v := newVisitor(t)
		prompts.also = func(shown auth.Prompt) {
			if shown.Opening {
				t.Error("claims that a browser opens")
			}
			go func() { _ = v.open(t.Context(), shown.URL) }()
		}
		_, err := flow.PKCE{NoBrowser: true, OpenBrowser: func(context.Context, string) error { t.Error("opened"); return nil }}.Obtain(t.Context(), env, nil)
		if err != nil {
			t.Fatal(err)
		}
		<-v.pages
	})
}

func TestPastedAddress(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, prompts := p.env(t)
	lines := make(chan string)
	env.Prompter = talking{prompts, lines}
	problems := make(chan string, 8)
	prompts.also = func(shown auth.Prompt) {
		if !shown.Pasting {
			t.Error("does not say that an address can be pasted")
		}
		if shown.Problem != "" {
			if shown.Opening {
				t.Error("says a second time that a browser opens")
			}
			problems <- shown.Problem
			return
		}
		go func() {
			back, err := follow(shown.URL)
			if err != nil {
				t.Error(err)
			}
			for _, bad := range []struct{ line, problem string }{
				{"", "nothing was pasted"},
				{"hello", "not the address"},
				{"https://idp.example/login", "not the address"},
				{"code=1", "cut off: state="},
				{"state=1", "cut off: code="},
				{"code=&state=1", "cut off: code="},
				{back[:strings.Index(back, "state=")+10], "cut off: state="},
				{back + "&scope=openid%2", "cut off: the end of a parameter"},
				{shown.URL, "is the address to open"},
				{strings.Replace(back, "state=", "state=x", 1), "another login"},
				{back + "&code=2", "twice"},
			} {
				lines <- bad.line
				if got := <-problems; !strings.Contains(got, bad.problem) || strings.Contains(got, "another login") != (bad.problem == "another login") {
					t.Errorf("%q gave the problem %q, want %q", bad.line, got, bad.problem)
				}
			}
			half := len(back) / 2
			lines <- "  '<" + back[:half] + "\n  " + back[half:] + "#frag>'\r\n" // as terminals and mail programs mangle it
		}()
	}
	idle := func(context.Context, string) error { return nil }
	c, err := flow.PKCE{OpenBrowser: idle}.Obtain(t.Context(), env, nil)
	if err != nil || c.AccessToken != "at-canary-1" {
		t.Errorf("got %v and %v", c, err)
	}
	if n := len(p.seen(&p.exchanged)); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

// When no more replies come the login still waits for the browser.
func TestEndOfRepliesDoesNotEndTheLogin(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, prompts := p.env(t)
	lines := make(chan string)
	close(lines)
	env.Prompter = talking{prompts, lines}
	v := newVisitor(t)
	if _, err := (flow.PKCE{OpenBrowser: v.open}).Obtain(t.Context(), env, nil); err != nil {
		t.Error(err)
	}
	<-v.pages
}

func TestLoginThatCannotWorkAsksNoPerson(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cfg  func(*configstore.ClientConfig)
		flow flow.PKCE
		want string
	}{
		"no authorization endpoint": {cfg: func(c *configstore.ClientConfig) { c.AuthorizationEndpoint = "" }, want: "no authorization endpoint"},
		"no token endpoint":         {cfg: func(c *configstore.ClientConfig) { c.TokenEndpoint = "" }, want: "no token endpoint"},
		"plain token endpoint":      {cfg: func(c *configstore.ClientConfig) { c.TokenEndpoint = "http://idp.example/token" }, want: "refusing http"},
		"no client":                 {cfg: func(c *configstore.ClientConfig) { c.ClientID = "" }, want: "names no client"},
		"plain authorization":       {cfg: func(c *configstore.ClientConfig) { c.AuthorizationEndpoint = "http://idp.example/a" }, want: "refusing http"},
		"script":                    {cfg: func(c *configstore.ClientConfig) { c.AuthorizationEndpoint = "javascript://idp.example/%0aalert(1)" }, want: "refusing javascript"},
		"file":                      {cfg: func(c *configstore.ClientConfig) { c.AuthorizationEndpoint = "file:///etc/passwd" }, want: "no absolute URL"},
		"calculator":                {cfg: func(c *configstore.ClientConfig) { c.AuthorizationEndpoint = "ms-calculator://x" }, want: "refusing ms-calculator"},
		"user in the URL":           {cfg: func(c *configstore.ClientConfig) { c.AuthorizationEndpoint = "https://u:p@idp.example/" }, want: "user name"},
		"redirect elsewhere":        {cfg: func(c *configstore.ClientConfig) { c.RedirectURI = "https://evil.example/cb" }, want: "redirect URI"},
		"reserved parameter":        {flow: flow.PKCE{Extra: url.Values{"state": {"mine"}}}, want: "state cannot be an extra"},
		"odd resource":              {flow: flow.PKCE{Resources: []string{"api"}}, want: "absolute URI"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			env, prompts := p.env(t)
			if tc.cfg != nil {
				set(env, tc.cfg)
			}
			tc.flow.OpenBrowser = func(_ context.Context, a string) error { t.Errorf("opened %s", a); return nil }
			_, err := tc.flow.Obtain(t.Context(), env, nil)
			if err == nil || len(prompts.all()) != 0 {
				t.Fatalf("got %v after %d prompts, want an error before any", err, len(prompts.all()))
			}
			contains(t, err.Error(), tc.want, "pkce: ")
		})
	}
	t.Run("no Prompter", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		env, _ := p.env(t)
		env.Prompter = nil
		_, err := flow.PKCE{}.Obtain(t.Context(), env, nil)
		if !errors.Is(err, auth.ErrInteractionRequired) || status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v with code %v", err, status.Code(err))
		}
		contains(t, err.Error(), "log in once", "client credentials")
	})
}
