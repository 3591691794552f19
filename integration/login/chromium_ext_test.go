package login_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is a real browser, without a window, that reaches this machine only.
type chromium struct {
	ctx  context.Context
	code string // to type at a device page

	done chan arrival
}

// arrival is where it ended.
type arrival struct {
	page pageState
	err  error
}

func newChromium(t *testing.T) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("chromium is not installed: apt-get install chromium, or `make integration` (%v)", err)
	}
	profile := t.TempDir()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.DisableGPU,
		chromedp.NoSandbox, // Chromium refuses to run as root with its sandbox
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		// Pages that want fonts from elsewhere must not wait for a network.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	}
	ctx, cancelTime := context.WithTimeout(context.Background(), patience)
	ctx, cancelBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(options...), chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("end chromium: %v", err)
		}
		cancelBrowser()
		cancelTime()
		if left := processesWith(t, profile); len(left) > 0 {
			t.Errorf("chromium left processes behind: %q", left)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return &chromium{ctx: ctx, done: make(chan arrival, 1)}
}

// open follows an address to its end, as flow.PKCE.OpenBrowser wants it.
func (c *chromium) open(_ context.Context, address string) error {
	page, err := c.browse(address)
	c.done <- arrival{page, err}
	return err
}

// pageState is what a page shows and asks for.
type pageState struct {
	Seen  bool   `json:"seen"`
	Ready bool   `json:"ready"`
	URL   string `json:"url"`
	Asks  string `json:"asks"` // "login", "code", "decision", "script" or nothing
	Text  string `json:"text"`
}

// look also marks the button that goes on, for a click to find it.
const look = `(() => {
  const asks = (selector) => document.querySelector(selector) !== null;
  const go = [...document.querySelectorAll('button')]
    .filter((b) => b.type === 'submit' && b.form && !/\b(deny|cancel|abort)\b/i.test(b.innerText))[0];
  go?.setAttribute('data-go', '');
  return {
    seen: window.seen === true,
    ready: document.readyState === 'complete',
    url: location.href,
    asks: asks('input[name=password]') ? 'login' : asks('input[name=user_code]:not([type=hidden])') ? 'code'
      : go ? 'decision' : document.forms.length ? 'script' : '',
    text: document.body?.innerText ?? '',
  };
})()`

func (c *chromium) browse(address string) (pageState, error) {
	if err := chromedp.Do(c.ctx, chromedp.Navigate(address)); err != nil {
		return pageState{}, err
	}
	for range manyPages {
		page, err := c.next()
		if err != nil || page.Asks == "" {
			return page, err
		}
		var typed []chromedp.Action[chromedp.Void]
		switch page.Asks {
		case "login":
			typed = append(typed, chromedp.SendKeys("input[name=login]", user), chromedp.SendKeys("input[name=password]", password))
		case "code":
			typed = append(typed, chromedp.Clear("input[name=user_code]"), chromedp.SendKeys("input[name=user_code]", c.code))
		}
		if err := chromedp.Do(c.ctx, typed...); err != nil {
			return page, fmt.Errorf("type into %s: %w", page.URL, err)
		}
		if _, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool]("window.seen = true")); err != nil {
			return page, err
		}
		if err := chromedp.Do(c.ctx, chromedp.Click("[data-go]")); err != nil {
			return page, fmt.Errorf("click on %s: %w", page.URL, err)
		}
	}
	return pageState{}, errors.New("the pages never end")
}

// next waits for a page that was not acted on yet.
func (c *chromium) next() (pageState, error) {
	var last pageState
	for {
		page, err := chromedp.Run(c.ctx, chromedp.Evaluate[pageState](look))
		if err == nil { // an error: the page went away while it was looked at
			last = page
		}
		if err == nil && page.Ready && !page.Seen && page.Asks != "script" {
			return page, nil
		}
		select {
		case <-c.ctx.Done():
			return last, fmt.Errorf("no page came after %s (%q): %w", last.URL, last.Text, c.ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// processesWith lists processes whose command line holds a text.
func processesWith(t *testing.T, text string) []string {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) { // what was killed takes a moment
		var found []string
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			line, err := os.ReadFile(f)
			if err == nil && strings.Contains(string(line), text) {
				found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
			}
		}
		if len(found) == 0 || time.Now().After(end) {
			return found
		}
	}
}
