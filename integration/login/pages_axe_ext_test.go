package login_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// The pages of the mock, and the client's callback page, have no violation of axe's
// rules and no horizontal scrolling, in light and dark, from 320 to 1440 pixels.
func TestPagesPassAxe(t *testing.T) {
	t.Parallel()
	const file = "../axe/node_modules/axe-core/axe.min.js"
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("axe-core is not installed: run integration/prepare.sh (%v)", err)
	}
	s := mocktest.New(t, mockserver.WithOAuth(oauth.Config{
		Accounts: []oauth.Account{{Login: user, Password: password}},
		Clients:  []oauth.Client{{ID: machineClient, Secret: machineSecret, Scopes: []string{"all", "email", "special"}}},
	}))
	v := &visitor{chromium: newChromium(t), axe: string(script)}

	// The index, a login in a browser, and the client's callback page.
	v.open(t, s.HTTPURL()+"/", "index")
	address, ended := make(chan string, 1), make(chan error, 1)
	cs, err := clientset.ForEndpoint(s.URL(), clientset.WithStore(&keepsake{}), clientset.WithPrompter(nobody{}),
		clientset.WithFlow(flow.PKCE{OpenBrowser: func(_ context.Context, to string) error {
			address <- to
			return nil
		}}))
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	go func() { ended <- cs.Login(t.Context()) }()
	v.open(t, <-address, "login")
	v.submit(t, "login after a wrong password", "login", user, "password", "wrong")
	v.submit(t, "consent", "password", password)
	v.submit(t, "callback")
	if err := <-ended; err != nil {
		t.Error(err)
	}

	// A device.
	v.open(t, s.Issuer()+"/oauth2/device", "device")
	v.submit(t, "device after a wrong code", "user_code", "WRONG")
	v.submit(t, "device consent", "user_code", startDevice(t, s))
	v.submit(t, "device connected")
	v.open(t, s.AuthorizationURL()+"?client_id=unknown", "error")
}

// startDevice returns the code that a new device shows.
func startDevice(t *testing.T, s *mockserver.Server) string {
	t.Helper()
	resp, err := s.HTTPClient().PostForm(s.Issuer()+"/oauth2/device_authorization", url.Values{"client_id": {mockserver.PublicClientID}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		UserCode string `json:"user_code"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.UserCode == "" {
		t.Fatalf("no user code: %v", err)
	}
	return answer.UserCode
}

// visitor goes from page to page and checks each.
type visitor struct {
	*chromium

	axe string // its script
}

func (v *visitor) open(t *testing.T, address, page string) {
	t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("open %s: %v", page, err)
	}
	v.check(t, page)
}

// submit fills in fields, given as names and values, presses the button that goes on,
// and checks the next page.
func (v *visitor) submit(t *testing.T, page string, fields ...string) {
	t.Helper()
	if _, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool]("window.seen = true")); err != nil {
		t.Fatal(err)
	}
	var steps []chromedp.Action[chromedp.Void]
	for i := 0; i < len(fields); i += 2 {
		field := "input[name=" + fields[i] + "]"
		steps = append(steps, chromedp.Clear(field), chromedp.SendKeys(field, fields[i+1]))
	}
	if err := chromedp.Do(v.ctx, append(steps, chromedp.Click("[data-go]"))...); err != nil {
		t.Fatalf("before %s: %v", page, err)
	}
	v.check(t, page)
}

// check waits for the page and runs axe on it in each scheme and width.
func (v *visitor) check(t *testing.T, page string) {
	t.Helper()
	if _, err := v.next(); err != nil {
		t.Fatalf("%s: %v", page, err)
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{320, 768, 1440} {
			found, err := v.violations(scheme, width)
			if err != nil {
				t.Fatalf("%s, %s, %d px: %v", page, scheme, width, err)
			}
			for _, violation := range found {
				t.Errorf("%s, %s, %d px: %s", page, scheme, width, violation)
			}
		}
	}
}

// audit returns the violations of axe's rules, and one for horizontal scrolling.
const audit = `axe.run(document, {resultTypes: ['violations']}).then((result) => {
  const found = result.violations.map((v) => v.id + ': ' + v.help + ': ' + v.nodes.map((n) => n.html).join(' '));
  const html = document.documentElement;
  if (html.scrollWidth > html.clientWidth) found.push('the page scrolls horizontally');
  if (matchMedia('(prefers-color-scheme: dark)').matches !== %t) found.push('wrong colour scheme');
  return found;
})`

func (v *visitor) violations(scheme string, width int64) ([]string, error) {
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, media); err != nil {
		return nil, err
	}
	if err := chromedp.Do(v.ctx, chromedp.EmulateViewport(width, 800)); err != nil {
		return nil, err
	}
	if _, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](v.axe+";true")); err != nil {
		return nil, err
	}
	return chromedp.Run(v.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(audit, scheme == "dark"), chromedp.EvalAwaitPromise))
}
