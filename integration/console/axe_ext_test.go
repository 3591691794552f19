package console_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/console"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// audit returns the violations of axe's rules, and one for horizontal scrolling.
const audit = `axe.run(document, {resultTypes: ['violations']}).then((result) => {
  const found = result.violations.map((v) => v.impact + ': ' + v.id + ': ' + v.help + ': ' + v.nodes.map((n) => n.html).join(' '));
  const html = document.documentElement;
  if (html.scrollWidth > html.clientWidth) found.push('the page scrolls horizontally');
  if (matchMedia('(prefers-color-scheme: dark)').matches !== %t) found.push('wrong colour scheme');
  return found;
})`

// The console has no violation of axe's rules: empty, with something in every panel, and
// closed; in light and dark, at the width of a phone and of a screen.
func TestConsolePassesAxe(t *testing.T) {
	t.Parallel()
	const file = "../axe/node_modules/axe-core/axe.min.js"
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("axe-core is not installed: run integration/prepare.sh (%v)", err)
	}
	s, c := attached(t)
	p := newTab(t)
	p.open(t, s.HTTPURL()+console.Path)
	p.check(t, "closed", string(script))
	p.open(t, c.Address())
	p.shows(t, "live", "live")
	p.check(t, "empty", string(script))
	fill(t, s)
	p.click(t, "b-token-endpoint-down")
	p.shows(t, "devices", "A device waits")
	p.shows(t, "counts", "Token endpoint: Down")
	p.shows(t, "log", "fold 1")
	p.pictures(t, "console")
	eval[bool](t, p, "for (const d of document.querySelectorAll('details')) d.open = true; true")
	p.check(t, "full", string(script))
}

// check runs axe in each scheme and width.
func (p *tab) check(t *testing.T, page, axe string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{360, 768, 1440} {
			p.look(t, scheme, width)
			eval[bool](t, p, axe+";true")
			for _, violation := range eval[[]string](t, p, fmt.Sprintf(audit, scheme == "dark")) {
				t.Errorf("%s, %s, %d px: %s", page, scheme, width, violation)
			}
		}
	}
}

// pictures writes what the page looks like to the directory that JETWAY_TEST_PICTURES names;
// those in docs are made so.
func (p *tab) pictures(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("JETWAY_TEST_PICTURES")
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{360, 1280} {
			p.look(t, scheme, width)
			eval[bool](t, p, "scrollTo(0, 0); document.getElementById('toast').textContent = ''; true")
			time.Sleep(time.Second) // the next message
			png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, scheme, width)), png, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// look sets the colour scheme and the width.
func (p *tab) look(t *testing.T, scheme string, width int64) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(p.ctx, chromedp.EmulateViewport(width, 900)); err != nil {
		t.Fatal(err)
	}
}

// fill gives every panel something to show.
func fill(t *testing.T, s *mockserver.Server) {
	t.Helper()
	token, err := s.Script().IssueToken(oauth.TokenSpec{Subject: "ada", ClientID: mockserver.PublicClientID, Scopes: []string{"all"}, Refresh: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time ends the login
		post(t, s, s.TokenURL(), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {mockserver.PublicClientID}})
	}
	post(t, s, s.Issuer()+"/oauth2/device_authorization", url.Values{"client_id": {mockserver.PublicClientID}})
	work(t, s)
	time.Sleep(100 * time.Millisecond)
}

func post(t *testing.T, s *mockserver.Server, to string, form url.Values) {
	t.Helper()
	resp, err := s.HTTPClient().PostForm(to, form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}
