package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/clock"
)

const canary = "canary-7f3a9c0d5e1b"

// at returns a signed URL at base, valid for lifetime.
func at(t *testing.T, base string, lifetime time.Duration, header map[string]string) *signed {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return &signed{url: u, header: header, end: clock.Clock{}.Read().Add(lifetime)}
}

func host(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func ask(t *testing.T, s *storage, method string, to *signed) (string, error) {
	t.Helper()
	res, err := s.exchange(t.Context(), method, to, nil, nil)
	if err != nil {
		return "", err
	}
	defer finish(res)
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

func TestAnswersOfStorageHostsAreUnderstood(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status   int
		body     string
		lifetime time.Duration
		is       error
		code     codes.Code
		says     string
	}{
		"s3 expired":        {403, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", time.Minute, ErrExpired, codes.FailedPrecondition, "AccessDenied"},
		"s3 session":        {400, "<Error><Code>ExpiredToken</Code><Message>x</Message></Error>", time.Minute, ErrExpired, codes.FailedPrecondition, "ExpiredToken"},
		"google expired":    {400, "<Error><Code>ExpiredToken</Code><Message>Invalid argument.</Message><Details>Request signature expired at: 1</Details></Error>", time.Minute, ErrExpired, codes.FailedPrecondition, "signature expired"},
		"azure expired":     {403, "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.</Message><AuthenticationErrorDetail>Signature not valid in the specified time frame</AuthenticationErrorDetail></Error>", time.Minute, ErrExpired, codes.FailedPrecondition, "time frame"},
		"403 past its time": {403, "no", -time.Minute, ErrExpired, codes.FailedPrecondition, "403 Forbidden"},
		"401 past its time": {401, "", -time.Minute, ErrExpired, codes.FailedPrecondition, "401"},
		"403 in time":       {403, "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>", time.Minute, nil, codes.PermissionDenied, "SignatureDoesNotMatch: m"},
		"400 past its time": {400, "x", -time.Minute, nil, codes.Unknown, "400 Bad Request"},
		"bad digest":        {400, "<Error><Code>BadDigest</Code><Message>m</Message></Error>", time.Minute, ErrChecksum, codes.DataLoss, "BadDigest"},
		"azure bad digest":  {400, "<Error><Code>Md5Mismatch</Code><Message>m</Message></Error>", time.Minute, ErrChecksum, codes.DataLoss, "Md5Mismatch"},
		"missing":           {404, "<html>", time.Minute, nil, codes.NotFound, "404 Not Found"},
		"too large":         {413, "", time.Minute, nil, codes.ResourceExhausted, "413"},
		"busy":              {503, "<Error><Code>SlowDown</Code></Error>", time.Minute, nil, codes.Unavailable, "SlowDown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := host(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			})
			s := New(nil).storage()
			defer s.close()
			_, err := ask(t, s, http.MethodPut, at(t, srv.URL+"/b/k?X-Sig="+canary, tc.lifetime, nil))
			err = failed(opUpload, "k", err)
			var got *StatusError
			if !errors.As(err, &got) || got.Status != tc.status || got.RetryAfter != 7*time.Second || (tc.is == nil) != (got.Unwrap() == nil) || !errors.Is(err, tc.is) && tc.is != nil {
				t.Errorf("got %#v (%v)", got, err)
			}
			if status.Code(err) != tc.code || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), srv.URL+"/b/k: ") {
				t.Errorf("code %v, want %v; text %q", status.Code(err), tc.code, err)
			}
		})
	}
}

// Hosts repeat the query in their answers, and net/http puts it into its errors.
func TestErrorsNeverContainTheQuery(t *testing.T) {
	t.Parallel()
	echo := host(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<Error><Code>No</Code><Message>%s and %s</Message></Error>", r.URL.Query().Get("sig"), r.URL.Query().Get("sig"))
	})
	cut := host(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	garbage := host(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprintf(conn, "nonsense %s\r\n\r\n", r.URL.RawQuery)
		_ = conn.Close()
	})
	away := host(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.invalid/?again="+r.URL.Query().Get("sig"), http.StatusFound)
	})
	s := New(nil, WithAttempts(1)).storage()
	defer s.close()
	for _, base := range []string{echo.URL, cut.URL, garbage.URL, away.URL, "http://127.0.0.1:1", "https://" + echo.Listener.Addr().String()} {
		for _, method := range []string{http.MethodPut, http.MethodGet} {
			_, err := ask(t, s, method, at(t, base+"/b/k?sig="+canary, time.Minute, nil))
			if text := fmt.Sprint(failed(opUpload, "k", err)); err == nil || strings.Contains(text, canary) || strings.Contains(text, "?sig=") {
				t.Errorf("%s %s: %s", method, base, text)
			}
		}
	}
}

func TestNoCookieOrRefererGoesToAStorageHost(t *testing.T) {
	t.Parallel()
	end := host(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%v", r.Header) })
	srv := host(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "theirs", Value: "1"})
		if r.URL.Path == "/away" {
			http.Redirect(w, r, end.URL+"/there", http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprintf(w, "%v", r.Header)
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(srv.URL)
	jar.SetCookies(u, []*http.Cookie{{Name: "login", Value: canary}})
	given := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	s := New(nil, WithHTTPClient(given)).storage()
	for _, path := range []string{"/here", "/away"} {
		for range 2 {
			got, err := ask(t, s, http.MethodGet, at(t, srv.URL+path+"?sig="+canary, time.Minute, nil))
			if err != nil || strings.Contains(got, "Cookie") || strings.Contains(got, "Referer") || strings.Contains(got, canary) {
				t.Errorf("%s: %v, %v", path, got, err)
			}
		}
	}
	if given.Jar == nil || given.CheckRedirect != nil {
		t.Error("the given client was changed")
	}
}

// A redirected PUT turns into a GET, and that succeeds: the upload would be lost.
func TestRedirectsOfUploadsAndOutOfTLSAreErrors(t *testing.T) {
	t.Parallel()
	plain := host(t, func(http.ResponseWriter, *http.Request) {})
	for _, code := range []int{301, 302, 303, 307, 308} {
		h := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, code) }
		srv := host(t, h)
		secure := httptest.NewTLSServer(http.HandlerFunc(h))
		t.Cleanup(secure.Close)
		s, tls := New(nil).storage(), New(nil, WithHTTPClient(secure.Client())).storage()
		t.Cleanup(s.close)
		for name, ask := range map[string]func() (string, error){
			"PUT":           func() (string, error) { return ask(t, s, http.MethodPut, at(t, srv.URL, time.Minute, nil)) },
			"GET out of it": func() (string, error) { return ask(t, tls, http.MethodGet, at(t, secure.URL, time.Minute, nil)) },
		} {
			var refused *StatusError
			if _, err := ask(); !errors.As(err, &refused) || refused.Status != code || !strings.Contains(err.Error(), "not followed") {
				t.Errorf("%d %s: %v", code, name, err)
			}
		}
		if _, err := ask(t, s, http.MethodGet, at(t, srv.URL, time.Minute, nil)); err != nil {
			t.Errorf("%d GET: %v", code, err)
		}
	}
}

func TestHeadersAreSentAsTheBackendGaveThemExceptTheLength(t *testing.T) {
	t.Parallel()
	srv := host(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %d %q %q %q", r.Host, r.ContentLength, r.Header["X-Meta"], r.Header["Empty"], r.Header["Content-Length"])
	})
	s := New(nil).storage()
	defer s.close()
	got, err := ask(t, s, http.MethodPut, at(t, srv.URL, time.Minute, map[string]string{
		"x-meta": "a b", "Empty": "", "content-length": "24", "Host": "bucket.example.com",
	}))
	if want := `bucket.example.com 0 ["a b"] [] ["0"]`; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestACancelledExchangeSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := New(nil).storage()
	defer s.close()
	res, err := s.exchange(ctx, http.MethodGet, at(t, "http://127.0.0.1:1/?sig="+canary, time.Minute, nil), nil, nil)
	if err == nil {
		res.Body.Close()
	}
	if err = failed(opDownload, "k", err); !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled {
		t.Error(err)
	}
}
