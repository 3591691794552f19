package gafaelfawr

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	key    = "aA0_-bbbbbbbbbbbbbbbbb"
	secret = "cccccccccccccccccccccc"
	sample = "gt-" + key + "." + secret
)

func TestParseToken(t *testing.T) {
	t.Parallel()
	got, err := ParseToken(sample)
	if err != nil || got.Key() != key || got.Reveal() != sample || got.String() != "gt-"+key+".[redacted]" {
		t.Errorf("ParseToken = %v, %v", got, err)
	}
	for text, want := range map[string]error{
		"":                              ErrNotToken,
		"GT-" + key + "." + secret:      ErrNotToken,
		" " + sample:                    ErrNotToken,
		"gt-":                           ErrMalformed,
		"gt-" + key:                     ErrMalformed,
		"gt-" + key + ".":               ErrMalformed,
		"gt-" + key[1:] + "." + secret:  ErrMalformed,
		sample + "c":                    ErrMalformed,
		sample + "." + secret:           ErrMalformed,
		sample[:len(sample)-1] + "=":    ErrMalformed,
		sample[:len(sample)-1] + "\n":   ErrMalformed,
		"gt-" + key + "." + secret[1:]:  ErrMalformed,
		"gt-" + secret[2:] + "é." + key: ErrMalformed,
	} {
		if _, err := ParseToken(text); !errors.Is(err, want) {
			t.Errorf("ParseToken(%q) = %v, want %v", text, err, want)
		}
	}
	if ErrNotToken.Error() != "Token does not start with gt-" || ErrMalformed.Error() != "Token is malformed" {
		t.Error("the texts are Gafaelfawr's own")
	}
}

func TestRequestCheck(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, r := range []Request{
		{Username: "bot-a"},
		{Username: "bot-a1-b", Type: Service, Expires: now.Add(MinLifetime)},
		{Username: "ada", Type: User, Name: "laptop"},
		{Username: strings.Repeat("a", 64), Type: User, Name: "x"},
	} {
		if err := r.Check(now); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for _, r := range []Request{
		{}, {Username: "ada"}, {Username: "-bot-a"}, {Username: "bot-"}, {Username: "bot-A"}, {Username: "bot-a", Name: "x"},
		{Username: "1", Type: User, Name: "x"}, {Username: strings.Repeat("a", 65), Type: User, Name: "x"},
		{Username: "ada", Type: User}, {Username: "ada", Type: "session", Name: "x"},
		{Username: "bot-a", Expires: now.Add(MinLifetime - time.Second)}, {Username: "bot-a/../x"},
	} {
		if r.Check(now) == nil {
			t.Errorf("%+v was let pass", r)
		}
	}
}

func TestTokensAreNotSentToUnsafeAddresses(t *testing.T) {
	t.Parallel()
	admin, _ := ParseToken(sample)
	for _, address := range []string{"http://gafaelfawr.example.com/auth/api/v1", "ftp://x", "", "https://u:p@x", "gopher:", "https://x/v1?y=z"} {
		refused := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			t.Errorf("%s was asked", address)
			return nil, errors.New("no")
		})}
		_, err := Client{URL: address, HTTP: refused}.CreateToken(t.Context(), admin, Request{Username: "bot-a"})
		if !errors.Is(err, ErrWeb) {
			t.Errorf("%q: %v, want ErrWeb", address, err)
		}
	}
	echo := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, errors.New("proxy says: " + r.Header.Get("Authorization"))
	})}
	_, err := Client{URL: "https://x", HTTP: echo}.CreateToken(t.Context(), admin, Request{Username: "bot-a"})
	var e *Error
	if !errors.As(err, &e) || e.Err == nil || strings.Contains(err.Error()+e.Err.Error(), secret) {
		t.Errorf("%v shows the secret", err)
	}
}

func TestRedirectsAndCookiesAreNotUsed(t *testing.T) {
	t.Parallel()
	admin, _ := ParseToken(sample)
	// Given a client that follows redirects and keeps cookies ...
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	here := &url.URL{Scheme: "https", Host: "data.example.com"}
	jar.SetCookies(here, []*http.Cookie{{Name: "gafaelfawr", Value: "other"}})
	var asked []string
	hc := &http.Client{Jar: jar, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		if r.Header.Get("Cookie") != "" {
			t.Error("the request carried a cookie beside the token")
		}
		return &http.Response{
			StatusCode: http.StatusTemporaryRedirect, Body: http.NoBody,
			Header: http.Header{"Location": {"https://evil.example.com/"}, "Set-Cookie": {"a=b"}},
		}, nil
	})}
	// ... then the token stays where it was sent.
	_, err = Client{URL: here.String(), HTTP: hc}.CreateToken(t.Context(), admin, Request{Username: "bot-a"})
	if !errors.Is(err, ErrWeb) || !slices.Equal(asked, []string{"https://data.example.com/tokens"}) || len(jar.Cookies(here)) != 1 {
		t.Errorf("%v after %q, with cookies %v", err, asked, jar.Cookies(here))
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "7": 7 * time.Second, "99999999999": 24 * time.Hour, "99999999999999999999": 24 * time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestBusyAnswerSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	admin, _ := ParseToken(sample)
	for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		hc := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: code, Body: http.NoBody, Header: http.Header{"Retry-After": {"30"}}}, nil
		})}
		_, err := Client{URL: "https://data.example.com", HTTP: hc}.CreateToken(t.Context(), admin, Request{Username: "bot-a"})
		var later interface{ RetryAfter() time.Duration }
		if !errors.As(fmt.Errorf("login: %w", err), &later) || later.RetryAfter() != 30*time.Second || status.Code(err) != codes.Unavailable {
			t.Errorf("HTTP %d: %v (%v), want 30s and Unavailable", code, err, status.Code(err))
		}
	}
}

func TestUnusableAddressIsFailedPrecondition(t *testing.T) {
	t.Parallel()
	admin, _ := ParseToken(sample)
	for _, address := range []string{"http://data.example.com", "", "https://u@data.example.com", "ftp://data.example.com"} {
		_, err := Client{URL: address}.CreateToken(t.Context(), admin, Request{Username: "bot-a"})
		if status.Code(err) != codes.FailedPrecondition || !errors.Is(err, ErrWeb) {
			t.Errorf("%q: %v (%v), want FailedPrecondition", address, err, status.Code(err))
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, text := range []string{"", "7", "-5", "99999999999999999999", now.Format(http.TimeFormat)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if wait := retryAfter(text, now); wait < 0 || wait > 24*time.Hour {
			t.Errorf("%q: %v", text, wait)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	f.Add(sample)
	f.Add("gt-")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseToken(text)
		if err == nil && got.Reveal() != text {
			t.Errorf("%q became %q", text, got.Reveal())
		}
		if err != nil && got.Reveal() != "" {
			t.Error("an error and a token")
		}
	})
}

func FuzzParseDetail(f *testing.F) {
	f.Add([]byte(`{"detail":[{"type":"invalid_scopes","msg":"Unknown scopes requested"}]}`))
	f.Add([]byte(`{"detail":{"type":"no_authorization","msg":"Authentication required"}}`))
	f.Add([]byte(`{"detail":"` + sample + `"}`))
	f.Add([]byte(`{"detail":[{"msg":"` + sample + `\n\u001b[2J"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		kind, message := parseDetail(body)
		for _, text := range []string{kind, message} {
			if strings.Contains(text, sample) {
				t.Errorf("a secret shows in %q", text)
			}
			if strings.ContainsFunc(text, unicode.IsControl) || len([]rune(text)) > maxMessage {
				t.Errorf("%q is not fit to show", text)
			}
		}
	})
}
