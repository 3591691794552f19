package auth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// rotation is a token endpoint that gives a new refresh token with every answer
// and, as RFC 9700 §4.14.2 asks, ends the whole login when a used one comes back.
// With grace a used one is good for half a minute more: an answer may get lost.
type rotation struct {
	url   string
	grace bool
	// answered is called after an answer has left, before the next request is
	// looked at; nil does nothing.
	answered func(pid string, issued string)
	// arrived is called for each request; true ends it there.
	arrived func(pid string) bool
	// ended is called when a login was ended, before that is told.
	ended func()

	mu       sync.Mutex
	family   int               // which login is alive
	n        int               // its newest refresh token
	used     map[int]time.Time // when each of the others was first used
	requests int
	reuses   int
	refused  int
}

func newRotation(tb testing.TB) *rotation {
	tb.Helper()
	r := &rotation{family: 1, used: map[int]time.Time{}}
	s := httptest.NewServer(r)
	tb.Cleanup(s.Close)
	r.url = s.URL
	return r
}

func (r *rotation) refresh(n int) string { return fmt.Sprintf("refresh-%d-%d", r.family, n) }

// login is what a person has got.
func (r *rotation) login(expired bool) *auth.Credentials {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loginLocked(expired)
}

func (r *rotation) loginLocked(expired bool) *auth.Credentials {
	c := &auth.Credentials{
		AccessToken: fmt.Sprintf("access-%d-%d", r.family, r.n), RefreshToken: r.refresh(r.n), ClientID: "cli",
		IssuedAt: time.Now(), Expiry: time.Now().Add(time.Hour),
	}
	if expired {
		c.IssuedAt, c.Expiry = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	return c
}

func (r *rotation) newest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refresh(r.n)
}

func (r *rotation) counts() (requests, reuses, refused int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests, r.reuses, r.refused
}

func (r *rotation) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid := q.Header.Get("X-Pid")
	if r.arrived != nil && r.arrived(pid) {
		return
	}
	r.requests++
	w.Header().Set("Content-Type", "application/json")
	switch token := q.FormValue("refresh_token"); {
	case token == r.refresh(r.n), r.grace && r.justUsed(token):
		r.used[r.n] = time.Now()
		r.n++
		body, _ := json.Marshal(map[string]any{
			"access_token": fmt.Sprintf("access-%d-%d", r.family, r.n), "token_type": "Bearer",
			"expires_in": 3600, "refresh_token": r.refresh(r.n),
		})
		w.Header().Set("Content-Length", fmt.Sprint(len(body))) // or the client would wait for us
		_, _ = w.Write(body)
		_ = http.NewResponseController(w).Flush()
		if r.answered != nil {
			r.answered(pid, r.refresh(r.n))
		}
		return
	case r.isOurs(token):
		r.reuses++
		r.family, r.n, r.used = r.family+1, 0, map[int]time.Time{}
		if r.ended != nil {
			r.ended()
		}
	default:
		r.refused++
	}
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
}

func (r *rotation) justUsed(token string) bool {
	for n := r.n - 1; n >= 0 && time.Since(r.used[n]) < 30*time.Second; n-- {
		if token == r.refresh(n) {
			return true
		}
	}
	return false
}

// isOurs reports whether token is a used one of the login that is alive.
func (r *rotation) isOurs(token string) bool {
	var family, n int
	_, err := fmt.Sscanf(token, "refresh-%d-%d", &family, &n)
	return err == nil && family == r.family && n < r.n
}
