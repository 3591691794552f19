package nublado_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

// What the same answer means to each operation.
func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status         int
		kind, body     string
		header         string // name: value
		hub, lab       error
		says           string
		after          time.Duration
		ofStop, ofSpin bool
	}{
		{status: 400, kind: "application/json", body: `{"message":"ada is pending spawn,\nplease wait"}`, hub: nublado.ErrRefused, lab: nublado.ErrRefused, says: "ada is pending spawn, please wait"},
		{status: 401, hub: nublado.ErrToken, lab: nublado.ErrToken},
		{status: 403, kind: "text/html", body: "<h1>403 Forbidden</h1><p>nginx</p>", hub: nublado.ErrForbidden, lab: nublado.ErrForbidden, says: "403 Forbidden nginx"},
		{status: 403, kind: "application/json", body: `{"message":"Forbidden","reason":null}`, hub: nublado.ErrNotLoggedIn, lab: nublado.ErrNotLoggedIn},
		{status: 403, kind: "application/json", body: `{"message":"'_xsrf' argument missing from POST"}`, hub: nublado.ErrNotLoggedIn, lab: nublado.ErrNotLoggedIn, says: "'_xsrf' argument missing from POST"},
		{status: 403, kind: "application/json", body: `{"message":"XSRF cookie does not match POST argument"}`, hub: nublado.ErrNotLoggedIn, lab: nublado.ErrNotLoggedIn},
		{status: 403, kind: "application/json", body: `{"message":"Action is not authorized with current scopes; requires any of [x]"}`, hub: nublado.ErrNotLoggedIn, lab: nublado.ErrNotLoggedIn},
		{status: 404, kind: "text/html", body: "<h1>404</h1>", hub: nublado.ErrNotFound, lab: nublado.ErrNotFound},
		{status: 405, kind: "text/html", body: "<h1>405 : Method Not Allowed</h1>", hub: nublado.ErrRefused, lab: nublado.ErrLabNotRunning},
		{status: 405, kind: "application/json", body: `{"message":"Method Not Allowed"}`, hub: nublado.ErrRefused, lab: nublado.ErrRefused},
		{status: 409, hub: nublado.ErrRefused, lab: nublado.ErrRefused},
		{status: 424, kind: "application/json", body: `{"message":"JupyterHub server no longer running"}`, hub: nublado.ErrLabNotRunning, lab: nublado.ErrLabNotRunning},
		{status: 429, header: "Retry-After: 7", hub: nublado.ErrBusy, lab: nublado.ErrBusy, after: 7 * time.Second},
		{status: 500, kind: "application/json", body: `{"message":"boom","reason":null,"traceback":"Traceback"}`, hub: nublado.ErrServer, lab: nublado.ErrServer, says: "boom"},
		{status: 502, kind: "text/plain", body: "bad gateway", hub: nublado.ErrServer, lab: nublado.ErrServer, says: "bad gateway"},
		{status: 503, kind: "text/html", body: "<h1>503</h1>", hub: nublado.ErrServer, lab: nublado.ErrLabNotRunning},
		{status: 302, header: "Location: /nb/hub/user/ada/x", hub: nublado.ErrLabNotRunning, lab: nublado.ErrLabNotRunning},
		{status: 302, header: "Location: /nb/hub/login?next=x", hub: nublado.ErrNotLoggedIn, lab: nublado.ErrNotLoggedIn},
		{status: 302, header: "Location: https://nb.test/nb/hub/api/oauth2/authorize?client_id=a&response_type=code&state=s", hub: nublado.ErrNotLoggedIn, lab: nublado.ErrNotLoggedIn},
		{status: 302, header: "Location: /login?rd=x", hub: nublado.ErrToken, lab: nublado.ErrToken},
		{status: 307, header: "Location: https://evil.example.com/?a=b", hub: nublado.ErrRedirect, lab: nublado.ErrRedirect, says: "https://evil.example.com/"},
		{status: 301, header: "Location: /nb/hub/home", hub: nublado.ErrRedirect, lab: nublado.ErrRedirect, says: "no redirect is expected"},
		{status: 302, hub: nublado.ErrRedirect, lab: nublado.ErrRedirect},
		{status: 304, hub: nublado.ErrAnswer, lab: nublado.ErrAnswer},
		{status: 200, kind: "text/html", body: "<h1>Sign in</h1>", hub: nublado.ErrAnswer, lab: nublado.ErrAnswer},
		{status: 200, kind: "application/json", body: `[]`, hub: nublado.ErrAnswer, lab: nublado.ErrAnswer},
	} {
		hc := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/users/ada") && !strings.Contains(r.URL.Path, "/rubin/") && !strings.Contains(r.URL.Path, "/api/sessions") {
				return reply(r, http.StatusOK, http.Header{}, ""), nil
			}
			h := http.Header{"Content-Type": {tt.kind}}
			if name, value, ok := strings.Cut(tt.header, ": "); ok {
				h.Set(name, value)
			}
			return reply(r, tt.status, h, tt.body), nil
		})}
		c := nublado.NewClient(hc, "https://nb.test/nb", "ada")
		_, hub := c.LabStopped(t.Context())
		_, lab := c.RunNotebook(t.Context(), nublado.Notebook{Content: "x"})
		_, session := c.NewSession(t.Context(), nublado.SessionOptions{})
		for op, pair := range map[string][2]error{"hub": {hub, tt.hub}, "lab": {lab, tt.lab}, "session": {session, tt.lab}, "stop": {c.Stop(t.Context()), tt.hub}} {
			own, ok := errors.AsType[*nublado.APIError](pair[0])
			if !ok || !errors.Is(own.Kind, pair[1]) || own.User != "ada" || own.RetryAfter() != tt.after || !strings.Contains(own.Error(), tt.says) {
				t.Errorf("%d %s%s to %s: %v, want %v", tt.status, tt.body, tt.header, op, pair[0], pair[1])
			} else if tt.status != http.StatusOK && (own.Status != tt.status || strings.ContainsAny(own.Error(), "\n\r<")) {
				t.Errorf("%d to %s: %q with status %d", tt.status, op, own, own.Status)
			}
		}
	}
}

func TestTheResultOfANotebookIsRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{})
	c := s.client(t, "ada", nublado.WithMaxNotebook(2000))
	ready(t, c)
	for name, tt := range map[string]struct {
		body string
		want error
		get  string
	}{
		"good":        {`{"notebook":"nb","resources":{"a":1},"error":null,"more":0}`, nil, "nb 1 <nil>"},
		"error":       {`{"notebook":"nb","error":{"ename":"E","evalue":"\u001b[31mv\u001b[0m","err_msg":"m","traceback":["a\u001b[1;3m","b"]}}`, nil, "nb 0 the notebook failed: E: v [a b] m"},
		"error, text": {`{"notebook":"","error":{"ename":"E","traceback":"a\nb"}}`, nil, " 0 the notebook failed: E:  [a b] "},
		"error, none": {`{"notebook":"","error":{"traceback":7}}`, nil, " 0 the notebook failed: :  [] "},
		"no notebook": {`{"error":null}`, nublado.ErrAnswer, ""},
		"not JSON":    {`<html>`, nublado.ErrAnswer, ""},
		"cut":         {`{"notebook":"n`, nublado.ErrAnswer, ""},
		"too long":    {`{"notebook":"` + strings.Repeat("n", 2000) + `"}`, nublado.ErrAnswer, ""},
	} {
		s.Nublado.OnNotebook(func(string, string) (int, string) { return http.StatusOK, tt.body })
		got, err := c.RunNotebook(t.Context(), nublado.Notebook{Content: "x"})
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
			continue
		}
		if err != nil {
			continue
		}
		text := fmt.Sprintf("%s %d %v", got.Notebook, len(got.Resources), got.Error)
		if got.Error != nil {
			text = fmt.Sprintf("%s %d %v %v %s", got.Notebook, len(got.Resources), got.Error, got.Error.Traceback, got.Error.Message)
		}
		if text != tt.get {
			t.Errorf("%s: %q, want %q", name, text, tt.get)
		}
	}
	for _, n := range []nublado.Notebook{{}, {Content: " \n"}, {Content: "x", Kernel: "a\r\nb: c"}} {
		if _, err := c.RunNotebook(t.Context(), n); !errors.Is(err, nublado.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", n, err)
		}
	}
}

// endless is a body that has no end, fast or slow.
type endless struct {
	ctx  context.Context
	text string
	slow bool
}

func (b endless) Read(p []byte) (int, error) {
	if b.slow {
		select {
		case <-time.After(time.Millisecond):
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
		return copy(p, b.text[:1]), nil
	}
	n := 0
	for n < len(p) {
		n += copy(p[n:], b.text)
	}
	return n, b.ctx.Err()
}

func (endless) Close() error { return nil }

// operations are all that a client does.
func operations(ctx context.Context, c *nublado.Client) map[string]error {
	errs := map[string]error{"hub": c.AuthToHub(ctx), "lab": c.AuthToLab(ctx), "spawn": c.Spawn(ctx, nublado.Lab{}), "stop": c.Stop(ctx),
		"wait": c.WaitForSpawn(ctx), "wait for stop": c.WaitForStop(ctx)}
	_, errs["stopped"] = c.LabStopped(ctx)
	_, errs["notebook"] = c.RunNotebook(ctx, nublado.Notebook{Content: "x"})
	_, errs["session"] = c.NewSession(ctx, nublado.SessionOptions{})
	return errs
}

func TestNoAnswerKeepsAClientBeyondItsContext(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(r *http.Request) (*http.Response, error){
		"nothing": func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		"drops": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: endless{r.Context(), "x", true}, Request: r}, nil
		},
		"refused in drops": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}, Body: endless{r.Context(), "x", true}, Request: r}, nil
		},
		"redirects": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"/nb/hub/home?" + r.URL.RawQuery + "x"}}, Body: endless{r.Context(), "x", true}, Request: r}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := nublado.NewClient(&http.Client{Transport: trip(answer)}, "https://nb.test/nb", "ada")
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			for op, err := range operations(ctx, c) {
				if err == nil && op != "hub" && op != "lab" {
					t.Errorf("%s: no error", op)
				}
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestAnEndlessAnswerIsReadToItsBound(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 302, 403, 500} {
		for _, text := range []string{"x", "data: x\n", "\n\n", `{"servers":{"`, "<", `data: {"progress":1,"message":"m"}` + "\n\n"} {
			hc := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/progress") || strings.HasSuffix(r.URL.Path, "/channels") {
					return reply(r, http.StatusConflict, http.Header{}, ""), nil // an endless stream is for the caller to leave
				}
				return &http.Response{StatusCode: status, Header: http.Header{"Location": {"/nb/hub/home"}, "Content-Type": {"text/html"}}, Body: endless{r.Context(), strings.Repeat(text, 4096), false}, Request: r}, nil
			})}
			c := nublado.NewClient(hc, "https://nb.test/nb", "ada", nublado.WithMaxNotebook(1<<20))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			for op, err := range operations(ctx, c) {
				if own, ok := errors.AsType[*nublado.APIError](err); err != nil && (!ok || len(own.Error()) > 2000) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%d %s: %v", status, op, err)
				}
			}
			cancel()
		}
	}
}

func TestTheJarIsBounded(t *testing.T) {
	t.Parallel()
	n, most := 0, 0
	hc := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		most = max(most, len(r.Cookies()))
		h := http.Header{}
		for range 100 {
			n++
			h.Add("Set-Cookie", fmt.Sprintf("c%d=%d; Path=/", n, n))
		}
		h.Add("Set-Cookie", "long="+strings.Repeat("x", 10_000)+"; Path=/")
		return reply(r, http.StatusOK, h, `{"servers":{}}`), nil
	})}
	c := nublado.NewClient(hc, "https://nb.test/nb", "ada")
	for range 20 {
		if _, err := c.LabStopped(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if most == 0 || most > 128 {
		t.Errorf("up to %d cookies are sent, want at most 128", most)
	}
}

// Cookies that are deleted make room for others.
func TestDeletedCookiesMakeRoom(t *testing.T) {
	t.Parallel()
	n, seen := 0, 0
	hc := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		seen = len(r.Cookies())
		n++
		h := http.Header{}
		h.Add("Set-Cookie", fmt.Sprintf("c%d=; Path=/; Max-Age=0", n-1))
		h.Add("Set-Cookie", fmt.Sprintf("c%d=x; Path=/", n))
		return reply(r, http.StatusOK, h, `{"servers":{}}`), nil
	})}
	c := nublado.NewClient(hc, "https://nb.test/nb", "ada")
	for range 300 {
		if _, err := c.LabStopped(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if seen != 1 {
		t.Errorf("%d cookies are sent, want 1", seen)
	}
}

func TestALoginThatFailsIsTheErrorOfTheCall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want error
	}{
		"rejected":     {&httpauth.Error{Op: "replace credentials", Rejection: &http.Response{StatusCode: http.StatusUnauthorized}, Err: io.ErrUnexpectedEOF}, nublado.ErrToken},
		"none":         {&httpauth.Error{Op: "get credentials", Err: io.ErrUnexpectedEOF}, nublado.ErrNoAnswer},
		"unreachable":  {io.ErrUnexpectedEOF, nublado.ErrNoAnswer},
		"with a token": {fmt.Errorf("proxy said Bearer gt-canary123.canary456: %w", io.ErrUnexpectedEOF), nublado.ErrNoAnswer},
	} {
		c := nublado.NewClient(&http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { return nil, tt.err })}, "https://nb.test/nb", "ada")
		err := c.AuthToHub(t.Context())
		if !errors.Is(err, tt.want) || !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
