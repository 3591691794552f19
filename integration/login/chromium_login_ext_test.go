package login_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// A person logs in with Chromium. Meanwhile everything that runs on the machine,
// or in another tab, throws requests at the callback.
func TestChromiumLogsIn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mock", "oidc-provider"} {
		t.Run(name, func(t *testing.T) {
			p := starts[name](t, settings{})
			tab := newChromium(t)
			storm := &storm{}
			f := flow.PKCE{Scopes: p.traits.PersonScopes, Extra: p.traits.PersonExtra}
			f.OpenBrowser = func(ctx context.Context, address string) error {
				storm.begin(t, address)
				if err := storm.rages(ctx); err != nil { // however fast the browser is
					return err
				}
				return tab.open(ctx, address)
			}
			prog := p.start(t, f, nobody{}, nil)
			prog.mustBe(user)
			end := <-tab.done
			if end.err != nil || !strings.Contains(end.page.Text, "Logged in") {
				t.Errorf("chromium ended at %q, %v", end.page.Text, end.err)
			}
			if got := prog.wire.sent("authorization_code"); got != 1 {
				t.Errorf("%d codes exchanged, want 1", got)
			}
			answered, accepted := storm.end()
			t.Logf("%d stray requests were answered during the login", answered)
			if answered < manyStray || accepted > 0 {
				t.Errorf("%d stray requests were answered, %d of them with success", answered, accepted)
			}
		})
	}
}

// A person approves a device with Chromium.
func TestChromiumApprovesADevice(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mock", "oidc-provider"} {
		t.Run(name, func(t *testing.T) {
			p := starts[name](t, settings{})
			tab := newChromium(t)
			prompter := promptFunc(func(prompt auth.Prompt) {
				tab.code = prompt.Code
				go func() { _ = tab.open(context.Background(), prompt.CompleteURL) }()
			})
			prog := p.start(t, flow.DeviceCode{Scopes: p.traits.PersonScopes}, prompter, nil)
			prog.mustBe(user)
			if end := <-tab.done; end.err != nil {
				t.Errorf("chromium ended at %q, %v", end.page.Text, end.err)
			}
		})
	}
}

type promptFunc func(auth.Prompt)

// Prompt calls f.
func (f promptFunc) Prompt(_ context.Context, p auth.Prompt) error {
	f(p)
	return nil
}

// storm throws requests at a callback that are not its answer.
type storm struct {
	stop    context.CancelFunc
	senders sync.WaitGroup

	answered, accepted atomic.Int64
}

const (
	stormSenders = 4
	manyStray    = 100 // requests
)

// begin reads from the address of a login where its answer is awaited.
func (s *storm) begin(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Error(err)
		return
	}
	callback := u.Query().Get("redirect_uri")
	root := strings.TrimSuffix(callback, "/callback")
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	requests := []func() (*http.Request, error){
		stray(http.MethodGet, callback+"?state=wrong&code=stolen"),
		stray(http.MethodGet, callback+"?state=wrong&error=access_denied"),
		stray(http.MethodGet, callback+"?error=access_denied"),
		stray(http.MethodGet, callback),
		stray(http.MethodGet, callback+"?state=a&state=b&code=c"),
		stray(http.MethodPost, callback+"?state=wrong&code=stolen"),
		stray(http.MethodHead, callback),
		stray(http.MethodGet, root+"/favicon.ico"),
		stray(http.MethodGet, root+"/../../etc/passwd"),
		foreign(callback + "?state=" + url.QueryEscape(u.Query().Get("state")) + "&error=access_denied"),
	}
	for range stormSenders {
		s.senders.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
			for i := 0; ctx.Err() == nil; i++ {
				req, err := requests[i%len(requests)]()
				if err != nil {
					continue
				}
				resp, err := client.Do(req.WithContext(ctx))
				if err != nil {
					continue // the login is over
				}
				_ = resp.Body.Close()
				s.answered.Add(1)
				if resp.StatusCode < 400 {
					s.accepted.Add(1)
				}
			}
		})
	}
}

// rages waits until many of the requests were answered.
func (s *storm) rages(ctx context.Context) error {
	for s.answered.Load() < manyStray {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func (s *storm) end() (answered, accepted int64) {
	s.stop()
	s.senders.Wait()
	return s.answered.Load(), s.accepted.Load()
}

func stray(method, address string) func() (*http.Request, error) {
	return func() (*http.Request, error) { return http.NewRequest(method, address, nil) }
}

// foreign comes from a page of another name that leads here (DNS rebinding). It
// even knows the state.
func foreign(address string) func() (*http.Request, error) {
	return func() (*http.Request, error) {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err == nil {
			req.Host = "rebound.example.com"
		}
		return req, err
	}
}
