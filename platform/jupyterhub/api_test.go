package jupyterhub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/platform/internal/sse"
)

// replies is a hub: it answers the requests that it gets in order.
type replies struct {
	t    *testing.T
	list []given
}

// given is one answer.
type given struct {
	status int
	kind   string // of its content
	body   string
	silent bool // it does not end until the client gives it up
}

func (r *replies) RoundTrip(req *http.Request) (*http.Response, error) {
	if len(r.list) == 0 {
		r.t.Errorf("one request too many: %s %s", req.Method, req.URL)
		return nil, errors.New("too many")
	}
	next := r.list[0]
	r.list = r.list[1:]
	var body io.Reader = strings.NewReader(next.body)
	if next.silent {
		body = io.MultiReader(body, until{req.Context()})
	}
	return &http.Response{
		StatusCode: next.status, Header: http.Header{"Content-Type": {next.kind}}, Body: io.NopCloser(body), Request: req,
	}, nil
}

type until struct{ ctx context.Context }

func (u until) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

func stream(parts ...string) given {
	return given{status: http.StatusOK, kind: "text/event-stream", body: strings.Join(parts, "")}
}

func silence(part string) given {
	g := stream(part)
	g.silent = true
	return g
}

func said(status int, body string) given {
	return given{status: status, kind: "application/json", body: body}
}

const (
	half     = "data: {\"progress\":50,\"message\":\"Spawning server...\"}\n\n"
	hundred  = "data: {\"progress\":100,\"message\":\"nearly\"}\n\n"
	ready    = "data: {\"progress\":100,\"ready\":true,\"url\":\"/user/a/\"}\n\n"
	starting = `{"name":"a","servers":{"":{"pending":"spawn"}}}`
	running  = `{"name":"a","servers":{"":{"ready":true,"url":"/user/a/"}}}`
	stopped  = `{"name":"a","servers":{}}`
)

func TestTheEndOfAProgressIsReadyOrAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hub   []given
		steps int
		err   error
		took  time.Duration
	}{
		"ready":                      {hub: []given{stream("\n\n", half, ready)}, steps: 2},
		"nothing follows ready":      {hub: []given{stream(ready, half)}, steps: 1},
		"100 is not the end":         {hub: []given{stream(hundred, ready)}, steps: 2},
		"100 alone, and it runs":     {hub: []given{stream(hundred), said(200, running)}, steps: 2},
		"100 alone, and it does not": {hub: []given{stream(hundred), said(200, stopped)}, steps: 2, err: ErrSpawnFailed},
		"failed":                     {hub: []given{stream(half, `data: {"progress":100,"failed":true,"message":"no"}`+"\n\n")}, steps: 2, err: ErrSpawnFailed},
		"failed and ready":           {hub: []given{stream(`data: {"failed":true,"ready":true}` + "\n\n")}, steps: 1, err: ErrSpawnFailed},
		"cut in an event":            {hub: []given{stream(half, strings.TrimSpace(ready)), said(200, running)}, steps: 2},
		"it still starts":            {hub: []given{stream(half), said(200, starting), stream(ready)}, steps: 2, took: time.Second},
		"it ended in between":        {hub: []given{stream(half), said(200, starting), said(400, "{}"), said(200, running)}, steps: 2, took: time.Second},
		"the hub is gone":            {hub: []given{stream(half), said(503, "")}, steps: 2, err: ErrHubFault},
		"silence":                    {hub: []given{silence(half), said(200, running)}, steps: 2, took: 30 * time.Second},
		"not JSON":                   {hub: []given{stream("data: x\n\n", "data: [1]\n\n", ready)}, steps: 1},
		"other fields and CRLF":      {hub: []given{stream(": c\r\nevent: x\r\nid: 1\r\ndata: {\"ready\":\r\ndata:true}\r\n\r\n")}, steps: 1},
		"an endless event":           {hub: []given{stream("data: ", strings.Repeat("x", sse.MaxEvent+10), "\n\n", ready), said(200, running)}, steps: 1},
		"no stream":                  {hub: []given{said(200, "{}")}, steps: 1, err: ErrAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := &replies{t, tt.hub}
				c := NewClient(&http.Client{Transport: hub, Timeout: 10 * time.Second}, "http://hub/hub/api")
				began := time.Now()
				steps := 0
				var last Progress
				var end error
				for p, err := range c.Progress(t.Context(), "a", "") {
					steps, last, end = steps+1, p, err
				}
				if steps != tt.steps || !errors.Is(end, tt.err) || last.Ready != (tt.err == nil) || len(hub.list) != 0 {
					t.Errorf("%d steps, the last %+v, %v, and %d requests missing", steps, last, end, len(hub.list))
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "x": 0, "99999999": 24 * time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// FuzzHubAnswer gives the client any answer: it returns a value or an APIError on one
// line, and ends.
func FuzzHubAnswer(f *testing.F) {
	for _, body := range []string{running, `{"items":[{}],"_pagination":{"offset":0,"next":{}}}`, `[{"name":"a"}]`, `{"message":"a\nb"}`, `{"api_tokens":[{}]}`, "\xff", `{"token":"t","id":"a1"}`, `{"name":1}`} {
		for _, status := range []int{200, 201, 204, 302, 400, 403, 405, 424, 429, 500} {
			f.Add(status, body, "/hub/user/a/", "text/event-stream")
		}
	}
	f.Fuzz(func(t *testing.T, status int, body, location, kind string) {
		if status < 200 || status > 599 {
			return
		}
		hub := transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Location": {location}, "Content-Type": {kind}, "Retry-After": {location}},
				Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})
		c := NewClient(&http.Client{Transport: hub}, "http://hub/hub/api")
		ctx := t.Context()
		_, self := c.Self(ctx)
		_, token := c.CreateToken(ctx, "a", TokenOptions{})
		_, tokens := c.Tokens(ctx, "a")
		_, started := c.StartServer(ctx, "a", "", nil)
		errs := []error{self, token, tokens, started}
		users := 0
		for _, err := range c.Users(ctx, UserFilter{}) {
			errs = append(errs, err)
			if users++; users > len(body)+2 {
				t.Fatalf("the list does not end")
			}
		}
		for _, err := range errs {
			if err == nil {
				continue
			}
			if _, ok := errors.AsType[*APIError](err); !ok || strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Fatalf("%d %q: %s", status, body, fmt.Sprintf("%T %q", err, err))
			}
		}
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// later is a hub that sends each part when the one before has been read.
type later []string

func (l later) RoundTrip(req *http.Request) (*http.Response, error) {
	pr, pw := io.Pipe()
	context.AfterFunc(req.Context(), func() { _ = pw.CloseWithError(req.Context().Err()) })
	go func() {
		for _, part := range l {
			_, _ = pw.Write([]byte(part))
		}
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: pr, Request: req}, nil
}

// A program may show a step for as long as it likes.
func TestAProgramThatIsSlowIsNoSilentHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, steps := NewClient(&http.Client{Transport: later{half, half, ready}}, "http://hub/hub/api"), 0
		for _, err := range c.Progress(t.Context(), "a", "") {
			if err != nil {
				t.Fatal(err)
			}
			steps++
			time.Sleep(time.Minute)
		}
		if steps != 3 {
			t.Errorf("%d steps, want 3", steps)
		}
	})
}
