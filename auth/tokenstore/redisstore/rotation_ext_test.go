package redisstore_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// rotation is a token endpoint that gives a new refresh token with every answer, and ends
// the whole login when a used one comes back, as RFC 9700 §4.14.2 asks. With grace a used
// one may come back for half a minute.
type rotation struct {
	url   string
	grace bool
	// arrived and answered are called for each request of a process, if they are set; where
	// arrived reports true the request ends there.
	arrived  func(pid string) bool
	answered func(pid string)

	mu       sync.Mutex
	n        int // the newest refresh token
	ended    bool
	requests int
	reuses   int
	used     map[string]time.Time
}

func newRotation(tb testing.TB, grace bool) *rotation {
	tb.Helper()
	r := &rotation{grace: grace, used: map[string]time.Time{}}
	s := httptest.NewServer(r)
	tb.Cleanup(s.Close)
	r.url = s.URL
	return r
}

// login is what a person has got an hour ago, and what is good for a while more.
func (r *rotation) login(left time.Duration) *auth.Credentials {
	return &auth.Credentials{
		AccessToken: "access-0", RefreshToken: "refresh-0", ClientID: "cli",
		IssuedAt: time.Now().Add(-time.Hour), Expiry: time.Now().Add(left),
	}
}

// expired is how long ago a login has expired that has to be renewed.
const expired = -time.Minute

func (r *rotation) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid := q.Header.Get("X-Pid")
	if r.arrived != nil && r.arrived(pid) {
		return
	}
	r.requests++
	token := q.FormValue("refresh_token")
	at, used := r.used[token]
	if used && (!r.grace || time.Since(at) > 30*time.Second) {
		r.reuses++
		r.ended = true
	}
	w.Header().Set("Content-Type", "application/json")
	if r.ended || !used && !r.issued(token) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	if !used {
		r.used[token] = time.Now()
	}
	r.n++
	body, _ := json.Marshal(map[string]any{
		"access_token": fmt.Sprintf("access-%d", r.n), "token_type": "Bearer", "expires_in": 3600,
		"refresh_token": fmt.Sprintf("refresh-%d", r.n),
	})
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // or the client would wait for us
	_, _ = w.Write(body)
	_ = http.NewResponseController(w).Flush()
	if r.answered != nil {
		r.answered(pid)
	}
}

// counts returns how many requests there were, and how often a login had to be made again.
func (r *rotation) counts() (requests, forced int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests, r.reuses
}

// issued reports whether token is of this login; mu is held.
func (r *rotation) issued(token string) bool {
	var n int
	_, err := fmt.Sscanf(token, "refresh-%d", &n)
	return err == nil && n <= r.n
}

// good returns an error unless the stored login can be refreshed.
func (r *rotation) good(tb testing.TB, s auth.Store) error {
	tb.Helper()
	c, err := s.Retrieve(tb.Context(), key)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, used := r.used[c.RefreshToken]
	return wantf(!r.ended && !used && r.issued(c.RefreshToken), "stored is %s, used: %v, the login has ended: %v", c.RefreshToken, used, r.ended)
}
