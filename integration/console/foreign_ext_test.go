package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/jetway-go/jetway/mockserver/console"
)

// attempts tries from a page to read the console at %[1]s and to press one of its buttons, in
// every way that a page has, and returns what it got.
const attempts = `(async () => {
  const got = [], to = %[1]q;
  const tell = (what, text) => { if (text) got.push(what + ': ' + text); };
  for (const credentials of ['include', 'omit']) for (const mode of ['cors', 'no-cors', 'same-origin']) {
    for (const path of ['', '/events', '/console.js']) {
      try { const r = await fetch(to + path, {mode, credentials}); tell('fetch ' + mode + path, (await r.text()).slice(0, 80)); } catch {}
    }
    try { await fetch(to + '/do', {method: 'POST', mode, credentials, body: new URLSearchParams({do: 'start:token-endpoint-down'})}); } catch {}
  }
  await new Promise((done) => {
    const s = new EventSource(to + '/events', {withCredentials: true});
    s.onmessage = (e) => { tell('EventSource', e.data.slice(0, 80)); s.close(); done(); };
    s.onerror = () => { s.close(); done(); };
  });
  const load = (e) => new Promise((done) => { e.onload = e.onerror = () => done(e); document.body.append(e); setTimeout(() => done(e), 2000); });
  const frame = document.createElement('iframe');
  frame.src = to;
  await load(frame);
  try { tell('frame', frame.contentDocument?.body?.innerText.includes('Requests') ? 'read' : ''); } catch {}
  const script = document.createElement('script');
  script.src = to + '/console.js';
  let ran = false;
  script.addEventListener('load', () => { ran = true; });
  await load(script);
  tell('script', ran ? 'ran' : '');
  const form = document.createElement('form');
  form.method = 'post'; form.action = to + '/do'; form.target = 'sink';
  form.innerHTML = '<input name="do" value="start:token-endpoint-down"><input name="csrf" value="guess">';
  const sink = document.createElement('iframe');
  sink.name = 'sink';
  document.body.append(sink, form);
  form.submit();
  await load(sink);
  return got;
})()`

// A page of another port of this machine, whose requests carry the console's cookie, gets
// nothing, and a host name that leads to this machine gets nothing either.
func TestPagesOfOthersCanNeitherReadNorPost(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!DOCTYPE html><title>evil</title><body>")
	}))
	defer evil.Close()
	p := newTab(t, "evil.example")
	p.open(t, c.Address())
	p.shows(t, "live", "live")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.HTTPURL(), "http://"), ":")
	for name, page := range map[string]string{
		"another port":             evil.URL,
		"another name":             strings.Replace(evil.URL, "127.0.0.1", "localhost", 1),
		"another site":             strings.Replace(evil.URL, "127.0.0.1", "evil.example", 1),
		"a rebinding name, itself": "http://evil.example:" + port + "/nothing", // a page without a policy of its own
	} {
		p.open(t, page)
		for _, to := range []string{s.HTTPURL() + console.Path, "http://evil.example:" + port + console.Path} {
			for _, got := range eval[[]string](t, p, fmt.Sprintf(attempts, to)) {
				if !strings.Contains(got, "The console answers only to its own page") {
					t.Errorf("%s from %s: %s", name, to, got)
				}
			}
		}
	}
	p.open(t, "http://evil.example:"+port+console.Path)
	if got := eval[string](t, p, "document.body.innerText"); !strings.HasPrefix(got, "The console answers only") {
		t.Errorf("by a rebinding name: %q", got)
	}
	if on := s.Script().TokenEndpoint().On(); len(on) > 0 {
		t.Errorf("a button was pressed: %v", on)
	}
}

// A link on a page of another site does not use up the code, nor does it open the console.
func TestLinkOfAnotherSiteOpensNothing(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	address := c.Address()
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><title>evil</title><a id="link" href="%s">look</a>`, address)
	}))
	defer evil.Close()
	p := newTab(t, "evil.example")
	p.open(t, strings.Replace(evil.URL, "127.0.0.1", "evil.example", 1))
	if err := chromedp.Do(p.ctx, chromedp.Click("#link"), chromedp.WaitReady("pre")); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](t, p, "document.body.innerText"); !strings.HasPrefix(got, "The console answers only") {
		t.Errorf("the link led to %q", got)
	}
	p.open(t, address)
	p.shows(t, "live", "live")
	if got := eval[string](t, p, "location.href"); got != s.HTTPURL()+console.Path {
		t.Errorf("the address is %s", got)
	}
}

// A page that a client has uploaded to the mock's object store has the console's host and
// port, and is of another origin all the same.
func TestUploadedPageCanNeitherReadNorPost(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	p := newTab(t)
	p.open(t, c.Address())
	p.shows(t, "live", "live")
	const object = "demo/report.html"
	put, err := s.Objects().SignPut(object, time.Minute, map[string]string{"Content-Type": "text/html"})
	if err != nil {
		t.Fatal(err)
	}
	upload, err := http.NewRequestWithContext(t.Context(), http.MethodPut, put, strings.NewReader("<!DOCTYPE html><title>report</title><body>a report"))
	if err != nil {
		t.Fatal(err)
	}
	upload.Header.Set("Content-Type", "text/html")
	resp, err := s.HTTPClient().Do(upload)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	get, err := s.Objects().SignGet(object, time.Minute)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("upload: %s, %v", resp.Status, err)
	}
	p.open(t, get)
	if got := eval[string](t, p, "document.body.innerText + ' of ' + self.origin"); got != "a report of null" {
		t.Errorf("the page is %q", got)
	}
	for _, got := range eval[[]string](t, p, fmt.Sprintf(attempts, s.HTTPURL()+console.Path)) {
		t.Errorf("the report got %s", got)
	}
	if on := s.Script().TokenEndpoint().On(); len(on) > 0 {
		t.Errorf("a button was pressed: %v", on)
	}
}
