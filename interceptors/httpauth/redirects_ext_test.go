package httpauth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

// world is a home server with TLS, and a number of strangers that write down every byte
// that they are sent.
type world struct {
	client *http.Transport
	home   *url

	mu       sync.Mutex
	received map[string]string // by address: all headers and bodies
}

type url struct{ base string }

// newWorld resolves every name to servers of the test: home.test:443 is home, all others
// are strangers.
func newWorld(t *testing.T, location string, code int) *world {
	t.Helper()
	w := &world{received: map[string]string{}, home: &url{"https://home.test"}}
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		body, _ := io.ReadAll(r.Body)
		at := scheme + "://" + r.Host
		w.mu.Lock()
		w.received[at] += fmt.Sprint(r.URL, r.Header, string(body))
		w.mu.Unlock()
		if at == w.home.base && r.URL.Path == "/start" {
			http.Redirect(rw, r, location, code)
			return
		}
		_, _ = io.WriteString(rw, "ok")
	})
	secure, plain := httptest.NewTLSServer(handler), httptest.NewServer(handler)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	var d net.Dialer
	w.client = &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // one certificate for all names
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := secure.Listener.Addr().String()
			if strings.HasSuffix(address, ":80") {
				to = plain.Listener.Addr().String()
			}
			return d.DialContext(ctx, network, to)
		},
	}
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

// Wherever a redirect leads, no server but home gets one byte of the secret.
func TestARedirectTakesNoSecretToAStranger(t *testing.T) {
	t.Parallel()
	targets := map[string]string{
		"same origin": "https://home.test/next",
		"subdomain":   "https://evil.home.test/next",
		"other port":  "https://home.test:8443/next",
		"other host":  "https://stranger.test/next",
		"plaintext":   "http://home.test/next",
	}
	for kind, credentials := range map[string]func(int) *auth.Credentials{"bearer": bearer, "token": hubToken, "cookie": cookie} {
		for _, code := range []int{301, 302, 303, 307, 308} {
			for name, location := range targets {
				t.Run(fmt.Sprintf("%s/%d/%s", kind, code, name), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, location, code)
					client := &http.Client{Transport: httpauth.New(newSource(credentials), w.client, httpauth.WithOrigins("https://home.test"))}
					got, err := client.Do(request(t, "POST", "https://home.test/start", strings.NewReader("x=1")))
					if err != nil {
						t.Fatal(err)
					}
					read(t, got)
					w.mu.Lock()
					defer w.mu.Unlock()
					if !strings.Contains(w.received["https://home.test"], secret(0)) {
						t.Error("home did not get the credential")
					}
					asked := false
					for at, text := range w.received {
						if at == "https://home.test" {
							continue
						}
						asked = true
						if strings.Contains(text, secret(0)) {
							t.Errorf("%s was sent the secret: %s", at, text)
						}
					}
					if asked != (name != "same origin") {
						t.Errorf("a stranger was asked: %v", asked)
					}
				})
			}
		}
	}
}

func TestPlaintextIsRefusedAtEveryHop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://home.test/next", http.StatusFound)
	src := newSource(bearer)
	client := &http.Client{Transport: httpauth.New(src, w.client, httpauth.WithOrigins("https://home.test", "http://home.test"))}
	_, err := client.Do(request(t, "GET", "https://home.test/start", nil)) //nolint:bodyclose // there is none
	if !errors.Is(err, httpauth.ErrPlaintext) {
		t.Errorf("%v, want ErrPlaintext", err)
	}
	_, err = client.Do(request(t, "GET", "http://home.test/", nil)) //nolint:bodyclose // there is none
	if !errors.Is(err, httpauth.ErrPlaintext) || src.asked.Load() != 1 {
		t.Errorf("%v after %d questions for a token, want ErrPlaintext without one", err, src.asked.Load()-1)
	}
	if text := w.received["http://home.test"]; text != "" {
		t.Errorf("the plaintext server got %s", text)
	}

	trusting := &http.Client{Transport: httpauth.New(src, w.client, httpauth.WithOrigins("http://home.test"), httpauth.WithPlaintextCredentials())}
	got, err := trusting.Do(request(t, "GET", "http://home.test/", nil))
	if err != nil {
		t.Fatal(err)
	}
	read(t, got)
	if !strings.Contains(w.received["http://home.test"], secret(0)) {
		t.Error("a trusted network does not get the token")
	}
}

func TestElsewhereIsBareOrAnErrorByOption(t *testing.T) {
	t.Parallel()
	var seen http.Header
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		seen = r.Header
		return answer(r, 401, ""), nil
	})
	src := newSource(bearer)
	got, err := httpauth.New(src, base, httpauth.WithOrigins("https://home.test")).RoundTrip(request(t, "GET", "https://other.test/", nil)) //nolint:bodyclose // in memory: nothing to give back
	if err != nil || got.StatusCode != http.StatusUnauthorized || len(seen) != 0 || src.refreshes.Load() != 0 {
		t.Errorf("%v, %v with %v: a stranger's 401 is an answer like any other", got, err, seen)
	}
	seen = nil
	body := &watched{Reader: strings.NewReader("x")}
	strict := httpauth.New(src, base, httpauth.WithOrigins("https://home.test"), httpauth.WithStrictOrigins())
	_, err = strict.RoundTrip(request(t, "POST", "https://other.test/?token=hidden-query", body)) //nolint:bodyclose // there is none
	if !errors.Is(err, httpauth.ErrOrigin) || seen != nil || !body.closed.Load() {
		t.Errorf("%v, sent %v, body closed: %v; want ErrOrigin before anything is sent", err, seen, body.closed.Load())
	}
	if strings.Contains(err.Error(), "hidden-query") || !strings.Contains(err.Error(), "https://other.test/") {
		t.Errorf("the error reads %v", err)
	}
}

func TestWithoutAnOriginEveryRequestIsAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts []httpauth.Option
		want string
	}{
		"none":    {nil, "WithOrigins"},
		"no URL":  {[]httpauth.Option{httpauth.WithOrigins("https://ok.test", "home.test")}, `origin "home.test"`},
		"a user":  {[]httpauth.Option{httpauth.WithOrigins("https://u:pass-word@home.test")}, "without user"},
		"a query": {[]httpauth.Option{httpauth.WithOrigins("https://home.test/?pass-word")}, "without user, query"},
		"garbage": {[]httpauth.Option{httpauth.WithOrigins("https://home.test:pass-word")}, "origin number 1 of 1"},
		"scheme":  {[]httpauth.Option{httpauth.WithOrigins("ftp://home.test")}, "want https://"},
	} {
		_, err := httpauth.New(newSource(bearer), nil, tt.opts...).RoundTrip(request(t, "GET", "https://ok.test/", nil)) //nolint:bodyclose // there is none
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "pass-word") {
			t.Errorf("%s: %v, want an error with %q and without the password", name, err, tt.want)
		}
	}
}

func TestAnOriginIsSchemeHostAndPort(t *testing.T) {
	t.Parallel()
	origins, err := httpauth.ParseOrigins("https://Hub.example.com/jupyter", "http://localhost:8000", "https://[2001:db8::1]:8443", "wss://ws.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"https://hub.example.com/":                   true,
		"https://HUB.example.com:443/any?x":          true,
		"wss://hub.example.com/socket":               true,
		"https://ws.example.com/":                    true,
		"http://localhost:8000/":                     true,
		"ws://localhost:8000/":                       true,
		"https://[2001:db8::1]:8443/":                true,
		"http://hub.example.com/":                    false,
		"http://hub.example.com:443/":                false,
		"https://hub.example.com:8443/":              false,
		"https://hub.example.com./":                  false,
		"https://user.hub.example.com/":              false,
		"https://hub.example.com.evil.test/":         false,
		"https://hub.example.com@evil.test/":         false,
		"https://evil.test/?https://hub.example.com": false,
		"http://localhost/":                          false,
		"http://127.0.0.1:8000/":                     false,
		"https://[2001:db8::1]/":                     false,
		"//hub.example.com/":                         false,
	} {
		if got := origins.Allow(request(t, "GET", text, nil).URL); got != want {
			t.Errorf("%s: allowed = %v, want %v", text, got, want)
		}
	}
}
