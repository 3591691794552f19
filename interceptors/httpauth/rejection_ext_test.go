package httpauth_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

func TestRulesTellARejectionFromOtherAnswers(t *testing.T) {
	t.Parallel()
	proxy := httpauth.CookieProxy("/oauth2/start", "https://sso.test/login")
	for name, tt := range map[string]struct {
		rule   httpauth.Rule
		code   int
		header []string
		want   bool
	}{
		"401":                        {httpauth.Unauthorized, 401, nil, true},
		"401 with free text":         {httpauth.Unauthorized, 401, []string{"WWW-Authenticate", "token has expired"}, true},
		"401 of another error":       {httpauth.Unauthorized, 401, []string{"WWW-Authenticate", `Bearer error="invalid_token"`}, true},
		"401 for want of a scope":    {httpauth.Unauthorized, 401, []string{"WWW-Authenticate", `Bearer error="insufficient_scope"`}, false},
		"403":                        {httpauth.Unauthorized, 403, nil, false},
		"407":                        {httpauth.Unauthorized, 407, nil, false},
		"500":                        {httpauth.Unauthorized, 500, nil, false},
		"200":                        {httpauth.Unauthorized, 200, nil, false},
		"forbidden":                  {httpauth.Forbidden, 403, nil, true},
		"forbidden is not 401":       {httpauth.Forbidden, 401, nil, false},
		"proxy: 401 {}":              {proxy, 401, []string{"Content-Type", "application/json"}, true},
		"proxy: sign-in page":        {proxy, 403, []string{"Content-Type", "text/html; charset=utf-8"}, true},
		"proxy: forbidden in JSON":   {proxy, 403, []string{"Content-Type", "application/json"}, false},
		"proxy: forbidden, untyped":  {proxy, 403, nil, false},
		"proxy: a page":              {proxy, 200, []string{"Content-Type", "text/html"}, false},
		"proxy: its start":           {proxy, 302, []string{"Location", "/oauth2/start?rd=%2F"}, true},
		"proxy: below its start":     {proxy, 302, []string{"Location", "/oauth2/start/x"}, true},
		"proxy: beside its start":    {proxy, 302, []string{"Location", "/oauth2/starter"}, false},
		"proxy: start of another":    {proxy, 302, []string{"Location", "https://other.test/oauth2/start"}, false},
		"proxy: login page":          {proxy, 303, []string{"Location", "https://sso.test/login/x?a"}, true},
		"proxy: other page there":    {proxy, 303, []string{"Location", "https://sso.test/logout"}, false},
		"proxy: identity provider":   {proxy, 302, []string{"Location", "https://any.test/auth?response_type=code&client_id=x&state=y"}, true},
		"proxy: SAML":                {proxy, 302, []string{"Location", "https://any.test/saml?SAMLRequest=x"}, true},
		"proxy: a signed download":   {proxy, 307, []string{"Location", "https://store.test/object?X-Signature=x"}, false},
		"proxy: no location":         {proxy, 302, nil, false},
		"proxy: location is garbage": {proxy, 302, []string{"Location", "http://[::1"}, false},
		"proxy: not modified":        {proxy, 304, []string{"Location", "/oauth2/start"}, false},
	} {
		r := request(t, "GET", home, nil)
		if got := tt.rule(r, answer(r, tt.code, "", tt.header...)); got != tt.want { //nolint:bodyclose // in memory: nothing to give back
			t.Errorf("%s: rejected = %v, want %v", name, got, tt.want)
		}
	}
}

// hub answers 403 to everything, and says on /user whether a token is good.
type hub struct {
	good     func(header string) bool
	code     int // of /user for a good token
	asked    atomic.Int64
	requests atomic.Int64
	hold     chan struct{} // /user waits for it, if it is set
}

func (h *hub) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/user" {
		h.requests.Add(1)
		return answer(r, 403, `{"message":"not authorized"}`), nil
	}
	h.asked.Add(1)
	if h.hold != nil {
		select {
		case <-h.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	switch {
	case r.Header.Get("Accept") != "application/json":
		return answer(r, 500, ""), nil
	case h.good(r.Header.Get("Authorization")):
		return answer(r, h.code, "{}"), nil
	}
	return answer(r, 403, "Forbidden"), nil
}

func (h *hub) transport(src httpauth.Source) http.RoundTripper {
	return at(h, src, httpauth.WithRejected(httpauth.Confirm(httpauth.Forbidden, "https://home.test/user")))
}

// all makes n requests at the same time and returns the statuses.
func all(t *testing.T, n int, transport http.RoundTripper) map[int]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	codes := map[int]int{}
	for range n {
		wg.Go(func() {
			got, err := transport.RoundTrip(request(t, "GET", home, nil))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				codes[0]++
				return
			}
			_ = got.Body.Close()
			codes[got.StatusCode]++
		})
	}
	wg.Wait()
	return codes
}

func TestTenThousandForbiddenRequestsAskOnce(t *testing.T) {
	t.Parallel()
	h := &hub{good: func(string) bool { return true }, code: 200}
	src := newSource(hubToken)
	codes := all(t, 10_000, h.transport(src))
	if codes[403] != 10_000 || h.asked.Load() > 2 || src.refreshes.Load() != 0 {
		t.Errorf("%v with %d questions and %d refreshes, want one or two questions", codes, h.asked.Load(), src.refreshes.Load())
	}
}

func TestTenThousandRequestsWithARevokedTokenAskAndRefreshOnce(t *testing.T) {
	t.Parallel()
	h := &hub{good: func(s string) bool { return s == "token "+secret(1) }, code: 200}
	src := newSource(hubToken)
	codes := all(t, 10_000, h.transport(src))
	if codes[403] != 10_000 || h.asked.Load() > 4 || src.refreshes.Load() != 1 {
		t.Errorf("%v with %d questions and %d refreshes, want one refresh", codes, h.asked.Load(), src.refreshes.Load())
	}
}

func TestWhatIsNotSaidRejectsNothing(t *testing.T) {
	t.Parallel()
	h := &hub{good: func(string) bool { return true }, code: 503}
	src := newSource(hubToken)
	if codes := all(t, 1, h.transport(src)); codes[403] != 1 || src.refreshes.Load() != 0 {
		t.Errorf("%v with %d refreshes", codes, src.refreshes.Load())
	}
	for _, address := range []string{"https://stranger.test/user", "http://home.test/user", "/user", "http://[::1"} {
		h := &hub{good: func(string) bool { return false }}
		transport := at(h, src, httpauth.WithRejected(httpauth.Confirm(httpauth.Forbidden, address)))
		if codes := all(t, 1, transport); codes[403] != 1 || h.asked.Load() != 0 || src.refreshes.Load() != 0 {
			t.Errorf("%s: %v with %d questions, want none outside of the origins", address, codes, h.asked.Load())
		}
	}
	rule := httpauth.Confirm(httpauth.Forbidden, "https://home.test/user")
	if r := request(t, "GET", home, nil); rule(r, answer(r, 403, "")) { //nolint:bodyclose // in memory: nothing to give back
		t.Error("a rule outside of a transport rejects")
	}
}

// The request that asks may be cancelled; then another of those that wait asks.
func TestARequestThatAsksMayBeCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &hub{good: func(string) bool { return false }, hold: make(chan struct{})}
		src := newSource(func(int) *auth.Credentials { return hubToken(0) })
		transport := h.transport(src)
		ended := make(chan error, 2)
		send := func(ctx context.Context) {
			got, err := transport.RoundTrip(request(t, "GET", home, nil).WithContext(ctx))
			if err == nil {
				_ = got.Body.Close()
			}
			ended <- err
		}
		ctx, cancel := context.WithCancel(t.Context())
		go send(ctx)
		synctest.Wait()
		go send(t.Context())
		synctest.Wait()
		if asked, sent := h.asked.Load(), h.requests.Load(); asked != 1 || sent != 2 {
			t.Errorf("%d questions for %d requests, want one for two", asked, sent)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the cancelled request got %v, want the answer that was there", err)
		}
		close(h.hold)
		if err := <-ended; err != nil || h.asked.Load() < 2 || src.refreshes.Load() == 0 {
			t.Errorf("%v after %d questions and %d refreshes", err, h.asked.Load(), src.refreshes.Load())
		}
	})
}

// Ten thousand requests find their token revoked, twice in a row.
func TestAStormIsOneRefresh(t *testing.T) {
	t.Parallel()
	src := newSource(bearer)
	var good atomic.Value
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") == good.Load() {
			return answer(r, 200, "ok"), nil
		}
		return answer(r, 401, "no"), nil
	})
	transport := at(base, src)
	for storm := range 2 {
		good.Store("Bearer " + secret(storm+1))
		codes := all(t, 10_000, transport)
		if codes[200] != 10_000 || src.refreshes.Load() != int64(storm+1) {
			t.Errorf("storm %d: %v with %d refreshes in all", storm+1, codes, src.refreshes.Load())
		}
	}
}

func TestAnErrorOfTheConnectionIsNotRepeated(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	base := roundTripper(func(*http.Request) (*http.Response, error) { return nil, broken })
	src := newSource(bearer)
	if _, err := at(base, src).RoundTrip(request(t, "GET", home, nil)); err != broken || src.refreshes.Load() != 0 { //nolint:bodyclose,errorlint // the very error
		t.Errorf("%v, want the error as it is", err)
	}
}
