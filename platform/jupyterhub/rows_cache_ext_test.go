package jupyterhub_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

func TestJupyterHubRow04_OneRequestForManyCalls(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	s := serve(t, identifier(t, h))
	cs := as(t, s.Addr(), h.IssueToken("alice", 0, access))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 10 {
				if err := check(t.Context(), cs); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := asked(h, "/user"); n != 1 || len(s.Callers()) != 200 {
		t.Errorf("%d requests for %d calls, want 1 for 200", n, len(s.Callers()))
	}
}

func TestJupyterHubRow04_NegativeAnswersAreCached(t *testing.T) {
	t.Parallel()
	for path, generation := range map[string]jupyterhub.Generation{"/user": jupyterhub.Modern, "/authorizations/token/…": jupyterhub.Legacy} {
		h, _ := start(t, hubtest.Config{})
		a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Generation = generation })
		for range 5 {
			if _, err := a.UserForToken(t.Context(), "unknown"); !errors.Is(err, jupyterhub.ErrNoUser) {
				t.Fatal(err)
			}
		}
		if n := asked(h, path); n != 1 {
			t.Errorf("%d requests to %s for five strangers, want 1", n, path)
		}
	}
}

func TestJupyterHubRow04_AnswersOfAProxyAreNotCached(t *testing.T) {
	t.Parallel()
	for status, generation := range map[int]jupyterhub.Generation{http.StatusForbidden: jupyterhub.Modern, http.StatusNotFound: jupyterhub.Legacy} {
		h, _ := start(t, hubtest.Config{})
		a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Generation = generation })
		token := h.IssueToken("alice", 0)
		// Given something in front of the hub that refuses in its place, once ...
		h.Answer(hubtest.Answer{Status: status, Body: "<html>blocked", ContentType: "text/html"})
		if _, err := a.UserForToken(t.Context(), token); !errors.Is(err, jupyterhub.ErrNoUser) {
			t.Errorf("%d: %v", status, err)
		}
		// ... then the caller is accepted once the hub answers again.
		if _, err := a.UserForToken(t.Context(), token); err != nil {
			t.Errorf("%d, afterwards: %v", status, err)
		}
	}
}

func TestJupyterHubRow04_WithoutCacheMakesANewRequest(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	a := identifier(t, h)
	token := h.IssueToken("alice", 0)
	ask := func(opts ...jupyterhub.Lookup) error {
		_, err := a.UserForToken(t.Context(), token, opts...)
		return err
	}
	if err := errors.Join(ask(), ask(), ask(jupyterhub.WithoutCache())); err != nil {
		t.Fatal(err)
	}
	if n := asked(h, "/user"); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	// A revoked token is accepted until the cache is bypassed.
	h.RevokeToken(token)
	if err := ask(); err != nil {
		t.Error("what is remembered did not count:", err)
	}
	if err := ask(jupyterhub.WithoutCache()); !errors.Is(err, jupyterhub.ErrNoUser) {
		t.Error(err)
	}
	if err := ask(); !errors.Is(err, jupyterhub.ErrNoUser) {
		t.Error("the fresh answer was not remembered:", err)
	}
	// Another browser session is another question.
	if err := ask(jupyterhub.WithSession("s")); !errors.Is(err, jupyterhub.ErrNoUser) || asked(h, "/user") != 4 {
		t.Errorf("%v after %d requests", err, asked(h, "/user"))
	}

	never := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.CacheMaxAge = jupyterhub.NoCache })
	for range 3 {
		if _, err := never.UserForToken(t.Context(), h.IssueToken("bob", 0)); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked(h, "/user"); n != 7 {
		t.Errorf("%d requests, want 7", n)
	}
}

// told is a hub that gives one answer, without sockets.
type told struct {
	answer func() (int, string)

	mu sync.Mutex
	n  int
}

func (h *told) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.n++
	h.mu.Unlock()
	code, body := h.answer()
	w := recorder(code, body)
	w.Request = r
	return w, r.Context().Err()
}

func TestJupyterHubRow04_ExpiryIsHonoured(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		age   time.Duration
		after time.Duration
		want  int
	}{
		"default, within":  {0, 5*time.Minute - time.Second, 1},
		"default, past":    {0, 5*time.Minute + time.Second, 2},
		"a minute, within": {time.Minute, 59 * time.Second, 1},
		"a minute, past":   {time.Minute, 61 * time.Second, 2},
		"for ever":         {jupyterhub.CacheForever, 1000 * time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &told{answer: func() (int, string) { return http.StatusOK, `{"name":"alice","kind":"user","scopes":[]}` }}
				a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
					Config:      jupyterhub.Config{APIToken: flow.SecretValue("t"), LookupEnv: env(nil)},
					CacheMaxAge: tt.age, HTTP: &http.Client{Transport: h},
				})
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if _, err := a.UserForToken(t.Context(), "x"); err != nil {
						t.Fatal(err)
					}
					time.Sleep(tt.after)
				}
				if h.n != tt.want {
					t.Errorf("%d requests, want %d", h.n, tt.want)
				}
			})
		})
	}
}

func TestARequestContinuesWhenItsFirstCallerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a slow hub, and two callers with one token, of whom the first leaves ...
		h := &told{answer: func() (int, string) {
			time.Sleep(5 * time.Second)
			return http.StatusOK, `{"name":"alice"}`
		}}
		a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
			Config: jupyterhub.Config{APIToken: flow.SecretValue("t"), LookupEnv: env(nil)}, HTTP: &http.Client{Transport: h},
		})
		if err != nil {
			t.Fatal(err)
		}
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := a.UserForToken(hurried, "x"); status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("the hurried one: %v", err)
			}
		})
		time.Sleep(100 * time.Millisecond)
		// ... then the other is answered, by the same request.
		if u, err := a.UserForToken(t.Context(), "x"); err != nil || u.Name != "alice" {
			t.Errorf("%+v, %v", u, err)
		}
		wg.Wait()
		if h.n != 1 {
			t.Errorf("%d requests, want 1", h.n)
		}
	})
}
