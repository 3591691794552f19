package console_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience is how long one test may take.
const patience = 5 * time.Minute

// tab is a page in a real browser without a window.
type tab struct {
	ctx context.Context

	mu       sync.Mutex
	asked    []string // addresses of its requests
	problems []string // what the browser complained about
}

// newTab starts a browser in which the host names of rebound lead to this machine.
func newTab(t *testing.T, rebound ...string) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("chromium is not installed: apt-get install chromium, or `make integration` (%v)", err)
	}
	rules := "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
	for _, name := range rebound {
		rules = "MAP " + name + " 127.0.0.1, " + rules
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.NoSandbox, // Chromium refuses to run as root with its sandbox
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", rules),
	}
	ctx, cancelTime := context.WithTimeout(context.Background(), patience)
	ctx, cancelBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(options...), chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("end chromium: %v", err)
		}
		cancelBrowser()
		cancelTime()
	})
	p := &tab{ctx: ctx}
	if err := chromedp.Listen(ctx, p.note); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// note takes the browser's events.
func (p *tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.asked = append(p.asked, e.Request.URL)
	case *cdplog.EventEntryAdded:
		p.problems = append(p.problems, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
	}
}

func (p *tab) open(t *testing.T, address string) {
	t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("open the page: %v", err)
	}
}

// click presses the button with this id.
func (p *tab) click(t *testing.T, id string) {
	t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Click(`[id="`+id+`"]`)); err != nil {
		t.Fatalf("press %s: %v", id, err)
	}
}

func eval[T any](t *testing.T, p *tab, script string) T {
	t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// shows waits until the element with this id shows a text.
func (p *tab) shows(t *testing.T, id, text string) {
	t.Helper()
	if err := p.wait(id, text); err != nil {
		t.Fatal(err)
	}
}

func (p *tab) wait(id, text string) error {
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	seen := ""
	for {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf("document.getElementById(%q)?.innerText ?? ''", id)))
		if err == nil {
			seen = got
		}
		if strings.Contains(seen, text) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s does not show %q but %q", id, text, seen), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
