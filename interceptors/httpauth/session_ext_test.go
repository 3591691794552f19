package httpauth_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

// proxied answers with a status and a cookie.
func proxied(code int, cookies ...string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		a := answer(r, code, "")
		a.Header["Set-Cookie"] = cookies
		return a, nil
	})
}

func TestASessionIsAdoptedFromAnyAnswerThatDoesNotRejectIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		base    http.RoundTripper
		url     string
		creds   func(int) *auth.Credentials
		adopted string
	}{
		"200":             {proxied(200, "session=new"), home, cookie, "session=new"},
		"404":             {proxied(404, "session=new"), home, cookie, "session=new"},
		"500":             {proxied(500, "session=new"), home, cookie, "session=new"},
		"304":             {proxied(304, "session=new"), home, cookie, "session=new"},
		"rejected":        {proxied(401, "session=anonymous"), home, cookie, ""},
		"deleted":         {proxied(200, "session=; Max-Age=0"), home, cookie, ""},
		"csrf":            {proxied(200, "session_csrf=x"), home, cookie, ""},
		"none":            {proxied(200), home, cookie, ""},
		"by a stranger":   {proxied(200, "session=new"), "https://other.test/", cookie, ""},
		"beside a bearer": {proxied(200, "session=new"), home, bearer, ""},
	} {
		src := newSource(tt.creds)
		got, err := at(tt.base, src).RoundTrip(request(t, "GET", tt.url, nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		switch {
		case tt.adopted == "" && len(src.adopted) != 0:
			t.Errorf("%s: %q was adopted", name, src.adopted[0].AccessToken)
		case tt.adopted != "" && (len(src.adopted) != 1 || src.adopted[0].AccessToken != tt.adopted):
			t.Errorf("%s: adopted %d, want %q", name, len(src.adopted), tt.adopted)
		}
	}
}

// Eight requests at the moment of renewal get eight new cookies; the first counts.
func TestOnlyTheCurrentSessionIsReplaced(t *testing.T) {
	t.Parallel()
	src := newSource(cookie)
	transport := at(roundTripper(func(r *http.Request) (*http.Response, error) {
		for src.asked.Load() != 8 { // until all have been sent
			runtime.Gosched()
		}
		a := answer(r, 200, "")
		a.Header.Set("Set-Cookie", "session="+r.URL.Query().Get("n"))
		return a, nil
	}), src)
	done := make(chan error, 8)
	for n := range 8 {
		go func() {
			got, err := transport.RoundTrip(request(t, "GET", home+"?n="+secret(n), nil))
			if err == nil {
				_ = got.Body.Close()
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if len(src.adopted) > 1 || src.current != src.adopted[0] && len(src.adopted) == 1 {
		t.Errorf("%d sessions were adopted, want 1", len(src.adopted))
	}
}

func TestASessionThatCannotBeStoredIsLoggedAndTheAnswerStays(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	src := unstored{newSource(cookie)}
	transport := at(proxied(200, "session=hidden-value"), src, httpauth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	got, err := transport.RoundTrip(request(t, "GET", home, nil)) //nolint:bodyclose // in memory: nothing to give back
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatal(got, err)
	}
	if !strings.Contains(log.String(), "the disk is full") || strings.Contains(log.String(), "hidden-value") {
		t.Errorf("the log says %s", log.String())
	}
}

type unstored struct{ *source }

func (unstored) Adopt(context.Context, *auth.Credentials, *auth.Credentials) (bool, error) {
	return false, errors.New("the disk is full")
}
