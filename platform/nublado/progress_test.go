package nublado

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// given is one answer of a hub.
type given struct {
	status int
	kind   string // of its content
	body   string
	silent bool // it does not end until the client gives it up
	mute   bool // there is no answer until then
}

const half, good, hundred, failed = `data: {"progress":50,"message":"half"}` + "\n\n", `data: {"progress":100,"ready":true,"message":"up"}` + "\n\n",
	`data: {"progress":100,"message":"all"}` + "\n\n", `data: {"progress":100,"failed":true,"message":"no room for token gt-0123456789012345678901.x"}` + "\n\n"

func stream(parts ...string) given {
	return given{status: 200, kind: "text/event-stream; charset=utf-8", body: strings.Join(parts, "")}
}

func silence(parts ...string) given { g := stream(parts...); g.silent = true; return g }

func model(server string) given {
	return given{status: 200, kind: "application/json", body: `{"name":"ada","servers":{` + server + `}}`}
}

const starting, running = `"":{"pending":"spawn","ready":false}`, `"":{"pending":null,"ready":true}`

// replies is a hub: it answers what comes after the login, in order.
type replies struct {
	t    *testing.T
	list []given
}

func (h *replies) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := given{status: 200, kind: "text/html"}
	if !strings.HasSuffix(r.URL.Path, "/hub/home") {
		if len(h.list) == 0 {
			h.t.Errorf("an unexpected request for %s", r.URL.Path)
			return nil, errors.New("nothing more is expected")
		}
		answer, h.list = h.list[0], h.list[1:]
		if isStream := strings.HasSuffix(r.URL.Path, "/progress"); isStream == strings.Contains(answer.body, `"servers"`) {
			h.t.Errorf("%s is answered with %s", r.URL.Path, answer.body)
		}
	}
	if answer.mute {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	body := io.Reader(strings.NewReader(answer.body))
	if answer.silent {
		pr, pw := io.Pipe()
		context.AfterFunc(r.Context(), func() { _ = pw.CloseWithError(r.Context().Err()) })
		body = io.MultiReader(body, pr)
	}
	return &http.Response{
		StatusCode: answer.status, Header: http.Header{"Content-Type": {answer.kind}}, Body: io.NopCloser(body), Request: r,
	}, nil
}

func TestTheEndOfASpawnIsReadyOrAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hub   []given
		steps int
		took  time.Duration
		err   error
		says  string
	}{
		"ready":                     {hub: []given{stream("\n\n\n", half, good)}, steps: 2},
		"100 is not ready":          {hub: []given{stream(hundred, good)}, steps: 2},
		"failed":                    {hub: []given{stream(half, failed)}, steps: 1, err: ErrSpawn, says: "no room for token [redacted]"},
		"the end, ready":            {hub: []given{stream(half), model(running)}, steps: 2},
		"the end, starting":         {hub: []given{stream(half), model(starting), stream(good)}, steps: 2, took: time.Second},
		"the end, gone":             {hub: []given{stream(half), model("")}, steps: 1, err: ErrSpawn, says: "half"},
		"the end, stopping":         {hub: []given{stream(half), model(`"":{"pending":"stop"}`)}, steps: 1, err: ErrSpawn},
		"the end, another server":   {hub: []given{stream(half), model(`"x":{"ready":true}`)}, steps: 1, err: ErrSpawn},
		"the end, null":             {hub: []given{stream(half), model(`"":null`)}, steps: 1, err: ErrSpawn},
		"the end, over, ready":      {hub: []given{stream(half), model(starting), {status: 404}, model(running)}, steps: 2, took: time.Second},
		"the end, over, gone":       {hub: []given{stream(half), model(starting), {status: 400}, model("")}, steps: 1, took: time.Second, err: ErrSpawn},
		"the end, 500":              {hub: []given{stream(half), model(starting), {status: 500}}, steps: 1, took: time.Second, err: ErrServer},
		"silence":                   {hub: []given{silence(half), model(running)}, steps: 2, took: 30 * time.Second},
		"silence before the answer": {hub: []given{{status: 200, mute: true}, model(running)}, steps: 1, took: 30 * time.Second},
		"never started":             {hub: []given{{status: 404}}, err: ErrLabNotRunning},
		"not starting":              {hub: []given{{status: 400, kind: "application/json", body: `{"message":"ada is not starting..."}`}}, err: ErrLabNotRunning, says: "not starting"},
		"no stream":                 {hub: []given{{status: 200, kind: "text/html", body: "x"}}, err: ErrAnswer},
		"the login is over":         {hub: []given{{status: 403, kind: "application/json", body: `{"message":"'_xsrf' argument missing from GET"}`}}, err: ErrNotLoggedIn},
		"not an event": {hub: []given{stream(
			"data: x\n\n", `data: {"progress":1}`+"\n\n", `data: {"message":"m"}`+"\n\n", `data: {"progress":"1","message":"m"}`+"\n\n",
			`data: {"progress":1e999,"message":"m"}`+"\n\n", "data: null\n\n", good)}, steps: 1},
		"progress out of range": {hub: []given{stream(`data: {"progress":1e300,"message":"m"}`+"\n\n", `data: {"progress":-7.5,"message":"m"}`+"\n\n", good)}, steps: 3},
		"an endless event":      {hub: []given{stream("data: ", strings.Repeat("x", 2<<20), "\n\n"), model(running)}, steps: 1},
		"not a model":           {hub: []given{stream(), {status: 200, body: `{"servers":1}`}}, err: ErrAnswer},
		"no servers":            {hub: []given{stream(), {status: 200, body: `{"name":"ada","servers":null}`}}, err: ErrAnswer},
		"another user":          {hub: []given{stream(), {status: 200, body: `{"name":"eve","servers":{}}`}}, err: ErrAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := &replies{t, tt.hub}
				c := NewClient(&http.Client{Transport: hub, Timeout: time.Second}, "https://nb.example.com/nb", "ada")
				start, steps, last := time.Now(), 0, Progress{}
				var ended error
				for p, err := range c.Progress(t.Context()) {
					if err != nil {
						ended = err
						continue
					}
					if steps++; p.Percent < 0 || p.Percent > 100 || last.Ready {
						t.Errorf("step %+v after %+v", p, last)
					}
					last = p
				}
				if !errors.Is(ended, tt.err) || steps != tt.steps || last.Ready != (tt.err == nil) {
					t.Errorf("%d steps, %+v, %v; want %d and %v", steps, last, ended, tt.steps, tt.err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				if own, ok := errors.AsType[*APIError](ended); tt.err != nil && (!ok || !strings.Contains(ended.Error(), tt.says) || len(own.Log) < tt.steps) {
					t.Errorf("%v with log %q, want %q", ended, own.Log, tt.says)
				}
				if len(hub.list) != 0 {
					t.Errorf("%d answers are left", len(hub.list))
				}
			})
		})
	}
}

// The hub sends a blank line every 8 seconds, for as long as a spawn takes.
func TestBlankLinesKeepASpawnAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := transport(func(r *http.Request) (*http.Response, error) {
			pr, pw := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = pw.CloseWithError(r.Context().Err()) })
			go func() {
				for range 10 {
					time.Sleep(8 * time.Second)
					_, _ = pw.Write([]byte("\n\n"))
				}
				_, _ = pw.Write([]byte(good))
			}()
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: pr, Request: r}, nil
		})
		c, start := NewClient(&http.Client{Transport: hub}, "https://nb.example.com/nb", "ada"), time.Now()
		c.current.Store(c.newVisit()) // logged in
		if err := c.WaitForSpawn(t.Context()); err != nil || time.Since(start) != 80*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTheContextEndsASpawnThatDoesNot(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]given{
		"silence":       {silence(half)},
		"no answer":     {{status: 200, mute: true}},
		"in the pause":  {stream(half), model(starting)},
		"no model":      {stream(half), {status: 200, body: `{"servers"`, silent: true}},
		"many messages": {silence(strings.Repeat(half, 1000))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				start := time.Now()
				err := NewClient(&http.Client{Transport: &replies{t, answers}}, "https://nb.example.com/nb", "ada").WaitForSpawn(ctx)
				own, ok := errors.AsType[*APIError](err)
				if !ok || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrNoAnswer) || !own.Timeout() || time.Since(start) != 500*time.Millisecond {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				if own != nil && len(own.Log) > maxLog {
					t.Errorf("%d messages are kept", len(own.Log))
				}
			})
		})
	}
}

func TestALoopOverStepsCanBeLeft(t *testing.T) {
	t.Parallel()
	c := NewClient(&http.Client{Transport: &replies{t, []given{stream(half, good)}}}, "https://nb.example.com/nb", "ada")
	for p, err := range c.Progress(t.Context()) {
		if err != nil || p.Message != "half" {
			t.Errorf("%+v, %v", p, err)
		}
		break
	}
}

func TestAStopIsAskedForOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stopping := model(`"":{"pending":"stop"}`)
		hub := &replies{t, []given{stopping, stopping, model(`"":{"stopped":true}`)}}
		c, start := NewClient(&http.Client{Transport: hub}, "https://nb.example.com/nb", "ada"), time.Now()
		if err := c.WaitForStop(t.Context()); err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		hub.list = []given{stopping}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := c.WaitForStop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
	})
}

// A program may show a step for as long as it likes.
func TestAProgramThatIsSlowIsNoSilentHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		hub := transport(func(r *http.Request) (*http.Response, error) {
			opened++
			pr, pw := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = pw.CloseWithError(r.Context().Err()) })
			go func() {
				for _, part := range []string{half, half, good} {
					_, _ = pw.Write([]byte(part))
				}
			}()
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: pr, Request: r}, nil
		})
		c := NewClient(&http.Client{Transport: hub}, "https://nb.example.com/nb", "ada")
		c.current.Store(c.newVisit()) // logged in
		steps := 0
		for _, err := range c.Progress(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			steps++
			time.Sleep(time.Minute)
		}
		if steps != 3 || opened != 1 {
			t.Errorf("%d steps of %d streams, want 3 of 1", steps, opened)
		}
	})
}
