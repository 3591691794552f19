package hub_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/kernel"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// owners is what the ingress knows about cookies: whose they are.
type owners struct {
	mu      sync.Mutex
	of      map[string]string
	crossed []string
}

func (o *owners) see(user string, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range r.Cookies() {
		if first, known := o.of[c.Value]; known && first != user {
			o.crossed = append(o.crossed, fmt.Sprintf("%s of %s at %s, by %s", c.Name, first, r.URL.Path, user))
		}
		o.of[c.Value] = user
	}
}

// forms is a transport that notes which form of messages each websocket has, or refuses to
// offer any.
type forms struct {
	next http.RoundTripper
	text bool

	mu     sync.Mutex
	agreed []string
}

func (f *forms) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.text {
		r = r.Clone(r.Context())
		r.Header.Del("Sec-WebSocket-Protocol")
	}
	resp, err := f.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		f.mu.Lock()
		f.agreed = append(f.agreed, resp.Header.Get("Sec-WebSocket-Protocol"))
		f.mu.Unlock()
	}
	return resp, err
}

// labClient is a client for a user's lab, as any program of that user is.
func labClient(t *testing.T, guard *nubladotest.Gafaelfawr, base, user string, text bool) (*nublado.Client, *forms) {
	t.Helper()
	discovery, err := repertoire.New(repertoire.Config{BaseURL: base + "/repertoire"})
	if err != nil {
		t.Fatal(err)
	}
	delegated := guard.Delegate(user, nublado.DefaultScope)
	set, err := clientset.For(t.Context(), nublado.Resolver{Source: nublado.FromRequest(delegated), Discovery: discovery, LookupEnv: nothing})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	hc := *set.HTTPClient()
	f := &forms{next: hc.Transport, text: text}
	hc.Transport = f
	return nublado.NewClient(&hc, set.HTTPURL(""), user), f
}

func nubladosLabs(t *testing.T, h *hub) {
	guard := nubladotest.NewGafaelfawr(nil)
	seen := &owners{of: map[string]string{}}
	base := startIngress(t, h, guard, seen.see)
	alice, binary := labClient(t, guard, base, "alice", false)
	aliceToo, text := labClient(t, guard, base, "alice", true)
	bob, _ := labClient(t, guard, base, "bob", false)
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()

	together(func() { labStarts(ctx, t, alice) }, func() { labStarts(ctx, t, bob) })
	if t.Failed() {
		return
	}
	together(
		func() { codeRuns(ctx, t, alice) },
		func() { codeRuns(ctx, t, aliceToo) },
		func() { kernelEnds(ctx, t, bob) },
	)
	if form := binary.agreed[0]; form != "v1.kernel.websocket.jupyter.org" {
		t.Errorf("the messages are %q", form)
	}
	if form := text.agreed[0]; form != "" {
		t.Errorf("the messages of the client that offers nothing are %q", form)
	}
	begun := time.Now()
	var runs []func()
	for i, c := range []*nublado.Client{alice, bob, aliceToo, bob} {
		runs = append(runs, func() { manyRuns(ctx, t, c, i) })
	}
	together(runs...)
	t.Logf("1,000 runs took %v", time.Since(begun))
	labStops(ctx, t, alice)
	labStops(ctx, t, bob)

	seen.mu.Lock()
	defer seen.mu.Unlock()
	of := map[string]int{}
	for _, user := range seen.of {
		of[user]++
	}
	if len(seen.crossed) > 0 || of["alice"] < 4 || of["bob"] < 4 {
		t.Errorf("cookies by user: %v; of one with another: %q", of, seen.crossed)
	}
}

// together runs functions at the same time. They fail the test by t.Error.
func together(all ...func()) {
	var group sync.WaitGroup
	for _, f := range all {
		group.Go(f)
	}
	group.Wait()
}

func labStarts(ctx context.Context, t *testing.T, c *nublado.Client) {
	t.Helper()
	if stopped, err := c.LabStopped(ctx); err != nil || !stopped {
		t.Errorf("%v: stopped %v, %v", c, stopped, err)
	}
	if _, err := c.NewSession(ctx, nublado.SessionOptions{}); !errors.Is(err, nublado.ErrLabNotRunning) {
		t.Errorf("%v: a session without a lab: %v", c, err)
	}
	if err := c.Spawn(ctx, nublado.Lab{Image: nublado.Image{Class: nublado.LatestWeekly}, Size: nublado.Small}); err != nil {
		t.Errorf("%v: %v", c, err)
		return
	}
	var steps []nublado.Progress
	for step, err := range c.Progress(ctx) {
		if err != nil {
			t.Errorf("%v: %v", c, err)
			return
		}
		steps = append(steps, step)
	}
	if last := steps[len(steps)-1]; !last.Ready || last.Percent != 100 {
		t.Errorf("%v: %+v", c, steps)
	}
	if stopped, err := c.LabStopped(ctx); err != nil || stopped {
		t.Errorf("%v: stopped %v, %v", c, stopped, err)
	}
}

func labSession(ctx context.Context, t *testing.T, c *nublado.Client) *nublado.Session {
	t.Helper()
	s, err := c.NewSession(ctx, nublado.SessionOptions{Kernel: "python3"})
	if err != nil {
		t.Errorf("%v: %v", c, err)
		return nil
	}
	return s
}

func labStops(ctx context.Context, t *testing.T, c *nublado.Client) {
	t.Helper()
	s := labSession(ctx, t, c)
	if s == nil {
		return
	}
	stop := kernel.WithLive(func(kernel.Output) {
		if err := c.Stop(ctx); err != nil {
			t.Errorf("%v: %v", c, err)
		}
	})
	got, err := s.Run(ctx, "print('begun', flush=True)\nwhile True: pass", stop)
	if !errors.Is(err, kernel.ErrClosed) && !errors.Is(err, kernel.ErrKernelDied) || got.Stdout != "begun\n" || got.Complete {
		t.Errorf("%v: a run while the lab stops: %+v, %v", c, got, err)
	}
	if err := c.WaitForStop(ctx); err != nil {
		t.Errorf("%v: %v", c, err)
	}
	if err := s.Close(ctx); err != nil {
		t.Errorf("%v: close: %v", c, err)
	}
	if stopped, err := c.LabStopped(ctx); err != nil || !stopped {
		t.Errorf("%v: stopped %v, %v", c, stopped, err)
	}
	if err := s.Reconnect(ctx); !errors.Is(err, nublado.ErrLabNotRunning) {
		t.Errorf("%v: a session of a lab that was stopped: %v", c, err)
	}
}

// manyRuns are a quarter of 1,000, of which each says whose kernel it is in.
func manyRuns(ctx context.Context, t *testing.T, c *nublado.Client, which int) {
	t.Helper()
	s := labSession(ctx, t, c)
	if s == nil {
		return
	}
	for i := range 250 {
		tag := fmt.Sprintf("%s-%d-%d", c.User(), which, i)
		code := fmt.Sprintf("import os\nprint(os.environ['JUPYTERHUB_USER'], %q)\n", tag)
		if i%10 == 9 {
			_, err := s.Run(ctx, code+"raise ValueError(os.environ['JUPYTERHUB_USER'])")
			e, ok := errors.AsType[*kernel.Error](err)
			if !ok || e.Exception == nil || e.Exception.Value != c.User() || !strings.Contains(e.Exception.Traceback, tag) {
				t.Errorf("%s: %v", tag, err)
			}
			continue
		}
		got, err := s.Run(ctx, code+fmt.Sprint(i*i))
		if err != nil || got.Stdout != c.User()+" "+tag+"\n" || got.Text() != fmt.Sprint(i*i) || got.Stderr != "" {
			t.Errorf("%s: %+v, %v", tag, got, err)
			return
		}
	}
	if err := s.Close(ctx); err != nil {
		t.Errorf("%v: close: %v", c, err)
	}
}
