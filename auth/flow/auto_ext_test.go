package flow_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

func TestAutoOpensABrowser(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, prompts := p.env(t)
	set(env, func(c *configstore.ClientConfig) { c.DeviceAuthorizationEndpoint = p.URL + "/device" })
	v := newVisitor(t)
	f := flow.Auto{PKCE: flow.PKCE{OpenBrowser: v.open}, Environment: desk}
	if _, err := f.Obtain(t.Context(), env, nil); err != nil {
		t.Fatal(err)
	}
	<-v.pages
	if n := len(prompts.all()); n != 1 || !prompts.all()[0].Opening {
		t.Errorf("prompts %+v", prompts.all())
	}
}

func TestAutoWithoutABrowserUsesTheDeviceFlow(t *testing.T) {
	t.Parallel()
	flows := map[string]auth.Flow{
		"chosen":          flow.Auto{Environment: remote},
		"wished for":      flow.Auto{Environment: desk, Method: flow.MethodDevice},
		"wished for, CI":  flow.Auto{Environment: &flow.Environment{CI: true}, Method: flow.MethodDevice},
		"PKCE told so":    flow.PKCE{Device: &flow.DeviceCode{}, Environment: remote},
		"chosen, no port": flow.Auto{Environment: desk, PKCE: flow.PKCE{RedirectURI: "http://127.0.0.1:" + takenPort(t) + "/"}},
		"no port is free": flow.PKCE{Device: &flow.DeviceCode{}, Environment: desk, RedirectURI: "http://127.0.0.1:" + takenPort(t) + "/"},
	}
	for name, f := range flows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &device{offer: grants(rfcOffer), poll: grants(goodToken)}
				env, prompts := d.env()
				set(env, func(c *configstore.ClientConfig) { c.AuthorizationEndpoint = "https://idp.example/authorize" })
				c, err := f.Obtain(t.Context(), env, nil)
				if err != nil || c.AccessToken != "at-canary-1" || prompts.all()[0].Code != "WDJB-MJHT" {
					t.Errorf("got %v and %v after %+v", c, err, prompts.all())
				}
			})
		})
	}
}

// A person who asks for a browser gets one, whatever the environment says.
func TestAutoOpensTheBrowserThatIsWishedFor(t *testing.T) {
	t.Setenv("BROWSER", "true") // a program that does nothing
	for method, opening := range map[flow.Method]bool{flow.MethodBrowser: true, flow.MethodPaste: false} {
		p := newProvider(t)
		env, prompts := p.env(t)
		ctx, cancel := context.WithCancel(t.Context())
		prompts.also = func(auth.Prompt) { cancel() }
		_, err := flow.Auto{Environment: remote, Method: method}.Obtain(ctx, env, nil)
		if shown := prompts.all(); !errors.Is(err, context.Canceled) || len(shown) != 1 || shown[0].Opening != opening {
			t.Errorf("%v: got %v and %+v", method, err, shown)
		}
	}
}

func takenPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestAutoTakesAPastedAddress(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, prompts := p.env(t)
	lines := make(chan string, 1)
	env.Prompter = talking{prompts, lines}
	prompts.also = func(shown auth.Prompt) {
		if shown.Opening {
			t.Error("opens a browser where there is none")
		}
		back, err := follow(shown.URL)
		if err != nil {
			t.Error(err)
		}
		lines <- back
	}
	open := func(context.Context, string) error { t.Error("opened a browser"); return nil }
	if _, err := (flow.Auto{PKCE: flow.PKCE{OpenBrowser: open}, Environment: remote}).Obtain(t.Context(), env, nil); err != nil {
		t.Error(err)
	}
}

// What a document says of a server need not hold for every client of it.
func TestAutoGoesOnWhereTheDeviceFlowIsNotForThisClient(t *testing.T) {
	t.Parallel()
	refusal := func(status int, code string) http.HandlerFunc {
		return answers(status, "application/json", `{"error":"`+code+`"}`)
	}
	tests := map[string]struct {
		device http.HandlerFunc
		method flow.Method
		mute   bool // nothing reads a pasted address
		goesOn bool
	}{
		"not allowed":      {device: refusal(401, "unauthorized_client"), goesOn: true},
		"unknown there":    {device: refusal(400, "unsupported_grant_type"), goesOn: true},
		"not there at all": {device: http.NotFound, goesOn: true},
		"wrong scope":      {device: refusal(400, "invalid_scope")},
		"in trouble":       {device: answers(500, "", "")},
		"no one to paste":  {device: refusal(401, "unauthorized_client"), mute: true},
		"wished for":       {device: refusal(401, "unauthorized_client"), method: flow.MethodDevice},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			env, prompts := p.env(t)
			_, device := tokenEndpoint(t, tc.device)
			cfg, err := device.Config.ClientConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			set(env, func(c *configstore.ClientConfig) { c.DeviceAuthorizationEndpoint = cfg.TokenEndpoint })
			lines := make(chan string, 1)
			if !tc.mute {
				env.Prompter = talking{prompts, lines}
			}
			prompts.also = func(shown auth.Prompt) {
				back, err := follow(shown.URL)
				if err != nil {
					t.Error(err)
				}
				lines <- back
			}
			_, err = flow.Auto{Environment: remote, Method: tc.method}.Obtain(t.Context(), env, nil)
			if te := (*flow.TokenError)(nil); (err == nil) != tc.goesOn || !tc.goesOn && !errors.As(err, &te) {
				t.Errorf("got %v after %d prompts", err, len(prompts.all()))
			}
		})
	}
}

// A build or a service gets an error at once that says what to do.
func TestAutoFailsAtOnceWhereNoPersonCanAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		environment flow.Environment
		mute        bool
	}{
		"CI":          {flow.Environment{CI: true, Terminal: true, Display: true}, false},
		"no terminal": {flow.Environment{Display: true}, false},
		"no prompter": {flow.Environment{Terminal: true, Display: true}, true},
	}
	for name, tc := range tests {
		p := newProvider(t)
		env, prompts := p.env(t)
		if tc.mute {
			env.Prompter = nil
		}
		open := func(context.Context, string) error { t.Errorf("%s: opened a browser", name); return nil }
		_, err := flow.Auto{PKCE: flow.PKCE{OpenBrowser: open}, Environment: &tc.environment}.Obtain(t.Context(), env, nil)
		if !errors.Is(err, auth.ErrInteractionRequired) || status.Code(err) != codes.Unauthenticated || len(prompts.all()) != 0 {
			t.Errorf("%s: got %v with code %v after %d prompts", name, err, status.Code(err), len(prompts.all()))
			continue
		}
		contains(t, err.Error(), "auto: ", "log in once", "client credentials")
	}
}

func TestPeoplesLoginsAreRenewedAndTakenBack(t *testing.T) {
	t.Parallel()
	type personal interface {
		auth.Renewer
		auth.TraitedFlow
		Revoke(ctx context.Context, env auth.Env, c *auth.Credentials) error
	}
	for name, f := range map[string]personal{
		"pkce":        flow.PKCE{ClientID: "another, by now", Resources: []string{"https://a.example/"}, TokenExtra: url.Values{"vendor": {"1"}}},
		"device_code": flow.DeviceCode{Resources: []string{"https://a.example/"}, TokenExtra: url.Values{"vendor": {"1"}}},
		"auto":        flow.Auto{PKCE: flow.PKCE{Resources: []string{"https://a.example/"}, TokenExtra: url.Values{"vendor": {"1"}}}},
		"password":    flow.Password{Resources: []string{"https://a.example/"}, Extra: url.Values{"vendor": {"1"}}},
		"stored":      flow.Stored{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.token = grants(`{"access_token":"new","expires_in":60}`)
			env, _ := p.env(t)
			c, err := f.Renew(t.Context(), env, person())
			if err != nil || c.AccessToken != "new" || c.RefreshToken != oldRefresh {
				t.Fatalf("got %v and %v, want a new token and the old refresh token", c, err)
			}
			form := p.seen(&p.exchanged)[0]
			if form.Get("refresh_token") != oldRefresh || form.Get("client_id") != "cli" || form.Has("scope") {
				t.Errorf("form %v", form)
			}
			if name != "stored" && (form.Get("vendor") != "1" || form.Get("resource") != "https://a.example/") {
				t.Errorf("form %v", form)
			}
			traits := f.Traits()
			if want := name != "password"; (traits.Name == auth.StoredFlow) != want || traits.Interactive != want || !traits.FileStorable {
				t.Errorf("traits %+v", traits)
			}

			if err := f.Revoke(t.Context(), env, person()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, form := range p.seen(&p.revoked) {
				got = append(got, form.Get("token")+" "+form.Get("token_type_hint")+" "+form.Get("client_id"))
			}
			if len(got) != 2 || got[0] != oldRefresh+" refresh_token cli" || got[1] != "access-canary-old access_token cli" {
				t.Errorf("revoked %q", got)
			}
			if name == "password" {
				return // has its own way without a refresh token
			}
			if _, err := f.Renew(t.Context(), env, &auth.Credentials{AccessToken: "x"}); !errors.Is(err, auth.ErrInteractionRequired) {
				t.Errorf("got %v without a refresh token", err)
			}
		})
	}
}
