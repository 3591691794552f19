package httpauth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	neturl "net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/secrettest"
)

// Whatever goes wrong, no secret shows: not in an error, not in a log at debug level, not
// when an answer, its request or the transport is printed.
func TestNoSecretIsShownAnywhere(t *testing.T) {
	t.Parallel()
	const query = "code=canary-code&state=canary-state"
	var seen secrettest.Sink
	secrets := []string{"canary-code", "canary-state", "canary-password", "canary-cookie"}
	for n := range 3 {
		secrets = append(secrets, secret(n))
	}
	broken := newSource(bearer)
	broken.failed = errors.New("no login")
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		switch r.URL.Path {
		case "/broken":
			return nil, fmt.Errorf("cannot reach %s", r.URL)
		case "/nested":
			return nil, &neturl.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("proxy")}
		case "/renewed":
			return answer(r, 200, "", "Set-Cookie", "session=canary-cookie"), nil
		}
		return answer(r, 401, "no"), nil
	})
	for kind, src := range map[string]*source{"bearer": newSource(bearer), "token": newSource(hubToken), "cookie": newSource(cookie), "broken": broken} {
		transport := at(base, src, httpauth.WithLogger(seen.Logger()), httpauth.WithRequestID())
		client := &http.Client{Transport: transport}
		for _, path := range []string{"/", "/broken", "/nested", "/renewed"} {
			for _, body := range []io.Reader{nil, struct{ io.Reader }{strings.NewReader("x")}} {
				got, err := client.Do(request(t, "POST", "https://ada:canary-password@home.test"+path+"?"+query, body))
				if err != nil {
					seen.Dump(httpauth.Scrub(err))
					seen.Dump(errors.Unwrap(err))
					continue
				}
				_ = got.Body.Close()
				_, _ = fmt.Fprintln(&seen, kind, got.Status, got.Header["Content-Type"]) // the password is in the client's own header
			}
			got, err := transport.RoundTrip(request(t, "GET", "https://home.test"+path+"?"+query, struct{ io.Reader }{strings.NewReader("x")}))
			seen.Dump(err)
			if err == nil {
				_ = got.Body.Close()
				_, _ = fmt.Fprintln(&seen, kind, got.Request.Header)
			}
		}
		_, err := httpauth.New(src, base, httpauth.WithOrigins("http://home.test")).RoundTrip(request(t, "GET", "http://home.test/?"+query, nil)) //nolint:bodyclose // there is none
		seen.Dump(err)
	}
	_, err := at(base, newSource(func(int) *auth.Credentials { return &auth.Credentials{AccessToken: "token-0\n"} })).RoundTrip(request(t, "GET", home, nil)) //nolint:bodyclose // there is none
	seen.Dump(err)
	seen.Hides(t, secrets...)
	seen.Heard(t, "credentials rejected", "can be read only once", "no login", "cannot reach", "level=DEBUG", "https://home.test/broken")
}

func TestScrubCutsTheURLOnly(t *testing.T) {
	t.Parallel()
	cause := errors.New("refused")
	for text, want := range map[string]string{
		"https://h.test/p?token=x#f":   `Get "https://h.test/p": refused`,
		"https://u:x@h.test/p":         `Get "https://h.test/p": refused`,
		"https://h.test:port/p?token=": `Get "https://h.test:port/p": refused`,
	} {
		got := httpauth.Scrub(&neturl.Error{Op: "Get", URL: text, Err: cause})
		if got.Error() != want || !errors.Is(got, cause) {
			t.Errorf("%s became %v, want %s", text, got, want)
		}
	}
	if got := httpauth.Scrub(cause); got != cause { //nolint:errorlint // the very error
		t.Errorf("another error became %v", got)
	}
}
