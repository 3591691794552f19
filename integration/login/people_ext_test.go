package login_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// personScenarios need a person with a browser on the same machine.
func personScenarios() []scenario {
	return []scenario{
		{"browser login", browserLogin},
		{"wrong password first", wrongPasswordFirst},
		{"pasted address", pastedAddress},
		{"person refuses", personRefuses},
		{"no browser here", noBrowserHere},
		{"told by the backend", toldByTheBackend},
		{"code without verifier", codeWithoutVerifier},
	}
}

// browser logs in with a person in front of the browser of this machine.
func browser(p *provider, who *person) flow.PKCE {
	return flow.PKCE{Scopes: p.traits.PersonScopes, Extra: p.traits.PersonExtra, OpenBrowser: who.open}
}

func browserLogin(t *testing.T, p *provider) {
	// Given a program without a login,
	who := &person{}
	prog := p.start(t, browser(p, who), nobody{}, nil)
	// when it makes a call, a person logs in,
	prog.mustBe(user)
	// then the call was repeated once, one code was exchanged, and the browser ends
	// at a page that says so.
	if got := prog.wire.sent("authorization_code"); got != 1 || prog.backend.rejected() != 1 {
		t.Errorf("%d codes and %d rejected calls, want 1 and 1", got, prog.backend.rejected())
	}
	end := who.end()
	if end.status != http.StatusOK || !strings.Contains(end.text, "Logged in") {
		t.Errorf("the browser ended at %d %q", end.status, end.text)
	}
	// The server said who it is, where it promised to (RFC 9207).
	if iss := end.url.Query().Get("iss"); (iss == "") != p.traits.NoIss || iss != "" && iss != p.issuer {
		t.Errorf("iss is %q", iss)
	}
	if c := prog.login(); c.RefreshToken == "" || c.Expiry.Before(time.Now()) || c.ClientID != personClient {
		t.Errorf("kept %v of client %q", c, c.ClientID)
	}
	// Another call asks nobody,
	prog.mustBe(user)
	// and neither does another program that finds the login.
	next := p.start(t, flow.Stored{}, nil, prog.kept)
	next.mustBe(user)
	if n := prog.wire.sent() + next.wire.sent(); n != 1 {
		t.Errorf("%d token requests in all, want 1", n)
	}
}

func wrongPasswordFirst(t *testing.T, p *provider) {
	prog := p.start(t, browser(p, &person{mistypes: true}), nobody{}, nil)
	prog.mustBe(user)
}

// pasting is a Prompter whose person has the browser on another machine, where
// the callback finds nobody; so they paste the address that the browser ended at.
type pasting struct {
	person  *person
	replies chan string
}

// Prompt has the person log in elsewhere.
func (p *pasting) Prompt(ctx context.Context, prompt auth.Prompt) error {
	if prompt.Problem != "" {
		return errors.New(prompt.Problem)
	}
	go func() {
		address, err := p.person.elsewhere(ctx, prompt.URL)
		if err != nil {
			address = err.Error()
		}
		p.replies <- address
	}()
	return nil
}

// Reply is what they paste.
func (p *pasting) Reply(ctx context.Context) (string, error) {
	select {
	case line := <-p.replies:
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func pastedAddress(t *testing.T, p *provider) {
	who := &person{}
	f := browser(p, who)
	f.OpenBrowser, f.NoBrowser = nil, true
	prog := p.start(t, f, &pasting{person: who, replies: make(chan string, 1)}, nil)
	prog.mustBe(user)
}

func personRefuses(t *testing.T, p *provider) {
	f := browser(p, &person{refuses: true})
	want := flow.ErrDenied
	if p.traits.DenialUntold { // the person has to come back by themselves
		f.Timeout, want = 2*time.Second, flow.ErrLoginTimeout
	}
	prog := p.start(t, f, nobody{}, nil)
	_, err := prog.whoami()
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
	// A "no" is remembered: the next call does not open a browser.
	if _, again := prog.whoami(); !errors.Is(again, want) {
		t.Errorf("%v at the second call, want %v", again, want)
	}
	if n := prog.wire.sent(); n != 0 {
		t.Errorf("%d token requests, want none", n)
	}
}

// reachable is a person who answers on a terminal, by whatever way they are asked.
type reachable struct {
	device  *device
	pasting *pasting
}

// Prompt shows a code, or an address to come back from.
func (r reachable) Prompt(ctx context.Context, prompt auth.Prompt) error {
	if prompt.Code != "" {
		return r.device.Prompt(ctx, prompt)
	}
	return r.pasting.Prompt(ctx, prompt)
}

// Reply is what they paste.
func (r reachable) Reply(ctx context.Context) (string, error) { return r.pasting.Reply(ctx) }

// A person on a machine without a browser gets a code, or an address where the
// server has no codes.
func noBrowserHere(t *testing.T, p *provider) {
	who := reachable{newDevice(false), &pasting{person: &person{}, replies: make(chan string, 1)}}
	prog := p.start(t, flow.Auto{
		PKCE:        flow.PKCE{Scopes: p.traits.PersonScopes, Extra: p.traits.PersonExtra},
		Device:      flow.DeviceCode{Scopes: p.traits.PersonScopes},
		Environment: &flow.Environment{Terminal: true, Remote: true},
	}, who, nil)
	prog.mustBe(user)
	codes, polls := prog.wire.sent("authorization_code"), prog.wire.sent("urn:ietf:params:oauth:grant-type:device_code")
	if (codes == 1) != p.traits.NoDevice || (polls > 0) == p.traits.NoDevice {
		t.Errorf("%d codes and %d polls", codes, polls)
	}
	// Where nobody can answer, a program says so at once.
	deaf := p.start(t, flow.Auto{Environment: &flow.Environment{CI: true, Terminal: true}}, nobody{}, nil)
	if _, err := deaf.whoami(); !errors.Is(err, auth.ErrInteractionRequired) || deaf.wire.sent() != 0 {
		t.Errorf("%v after %d token requests, want %v", err, deaf.wire.sent(), auth.ErrInteractionRequired)
	}
}

// A program that is told nothing asks its backend where to log in, and as whom.
func toldByTheBackend(t *testing.T, p *provider) {
	backend := p.serve(t)
	w := newWire(t)
	set, err := clientset.ForEndpoint(backend.address, clientset.WithInsecure(), clientset.WithoutStore(),
		clientset.WithHTTPClient(w.client()), clientset.WithFlow(flow.PKCE{OpenBrowser: (&person{}).open, Extra: p.traits.PersonExtra}))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	answer, err := set.Identity().UserInfo(t.Context(), &authpb.UserInfoRequest{})
	if err != nil || answer.GetSubject() != user || w.sent() != 1 {
		t.Errorf("called by %q after %d token requests, %v", answer.GetSubject(), w.sent(), err)
	}
}

// Whoever sees the code in the browser cannot use it.
func codeWithoutVerifier(t *testing.T, p *provider) {
	cfg, err := p.config(newWire(t), personClient).ClientConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	redirect := strings.Replace(p.traits.RedirectURI, "/callback", ":1/callback", 1) // nobody listens there
	query := url.Values{
		"response_type": {"code"}, "client_id": {personClient}, "redirect_uri": {redirect}, "state": {"given"},
		"scope": {strings.Join(p.traits.PersonScopes, " ")},
		// RFC 7636 appendix B
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	end, err := (&person{}).elsewhere(t.Context(), cfg.AuthorizationEndpoint+"?"+query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(end)
	if err != nil || back.Query().Get("code") == "" {
		t.Fatalf("the browser ended at %s, %v", end, err)
	}
	resp, err := http.PostForm(cfg.TokenEndpoint, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "client_id": {personClient}, "redirect_uri": {redirect},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want := http.StatusBadRequest
	if p.traits.NoPKCE {
		want = http.StatusOK
	}
	if resp.StatusCode != want || !slices.Contains([]int{200, 400}, resp.StatusCode) {
		t.Errorf("a code without its verifier: %s, want %d", resp.Status, want)
	}
}
