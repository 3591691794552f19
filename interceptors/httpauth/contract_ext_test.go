package httpauth_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

const home = "https://home.test/api"

func at(base http.RoundTripper, src httpauth.Source, opts ...httpauth.Option) *httpauth.Transport {
	return httpauth.New(src, base, append([]httpauth.Option{httpauth.WithOrigins(home)}, opts...)...)
}

// watched is a body that can tell whether it was closed.
type watched struct {
	io.Reader
	closed atomic.Bool
}

func (w *watched) Close() error { w.closed.Store(true); return nil }

func TestTheCallersRequestDoesNotChange(t *testing.T) {
	t.Parallel()
	r := request(t, "POST", home+"?x=1", strings.NewReader("body"))
	r.Header = http.Header{"Accept": {"application/json"}, "Cookie": {"a=1"}, "X-Other": {"1", "2"}}
	header, body, before := r.Header.Clone(), r.Body, *r
	attempts := 0
	base := roundTripper(func(sent *http.Request) (*http.Response, error) {
		attempts++
		if sent == r || sent.GetBody == nil || sent.Header.Get("X-Request-ID") == "" || sent.Header.Get("User-Agent") != "test" {
			t.Errorf("sent %v with GetBody %v", sent.Header, sent.GetBody != nil)
		}
		sent.Header.Set("Accept", "text/plain") // as a transport below might
		_, _ = io.Copy(io.Discard, sent.Body)
		return answer(sent, 401, "no"), nil
	})
	for _, credentials := range []func(int) *auth.Credentials{bearer, cookie} {
		attempts = 0
		got, err := at(base, newSource(credentials), httpauth.WithRequestID(), httpauth.WithHeader("user-agent", "test")).RoundTrip(r)
		if err != nil || got.Request != r || attempts != 2 {
			t.Fatalf("%v after %d attempts, want 2", err, attempts)
		}
		_ = got.Body.Close()
		if diff := cmp.Diff(header, r.Header); diff != "" {
			t.Errorf("the header has changed:\n%s", diff)
		}
		if r.Body != body || r.URL != before.URL || r.Method != before.Method || r.Context() != before.Context() {
			t.Error("the request has changed")
		}
	}
}

func TestTheCredentialReplacesAndTheCallersAuthorizationWins(t *testing.T) {
	t.Parallel()
	apiKey := func(n int) *auth.Credentials {
		return &auth.Credentials{AccessToken: secret(n), TokenType: auth.Raw, HeaderKey: "x-api-key"}
	}
	for name, tt := range map[string]struct {
		credentials func(int) *auth.Credentials
		header      http.Header
		want        http.Header
	}{
		"bearer":              {bearer, nil, http.Header{"Authorization": {"Bearer token-0"}}},
		"token":               {hubToken, nil, http.Header{"Authorization": {"token token-0"}}},
		"key":                 {apiKey, http.Header{"X-Api-Key": {"a", "b"}}, http.Header{"X-Api-Key": {"token-0"}}},
		"cookie":              {cookie, nil, http.Header{"Cookie": {"session=token-0"}}},
		"cookie among others": {cookie, http.Header{"Cookie": {"a=1; session=old; b=2", "session=older;c=3"}}, http.Header{"Cookie": {"a=1; b=2; c=3; session=token-0"}}},
		"own":                 {bearer, http.Header{"Authorization": {"Basic x"}}, http.Header{"Authorization": {"Basic x"}}},
		"own in lower case":   {bearer, http.Header{"authorization": {"Basic x"}}, http.Header{"authorization": {"Basic x"}}},
		"own beside a cookie": {cookie, http.Header{"Authorization": {"Basic x"}}, http.Header{"Authorization": {"Basic x"}, "Cookie": {"session=token-0"}}},
		"none yet":            {func(int) *auth.Credentials { return nil }, nil, http.Header{}},
	} {
		var seen http.Header
		base := roundTripper(func(r *http.Request) (*http.Response, error) { seen = r.Header; return answer(r, 200, ""), nil })
		r := request(t, "GET", home, nil)
		maps.Copy(r.Header, tt.header)
		got, err := at(base, newSource(tt.credentials)).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if diff := cmp.Diff(tt.want, seen); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheCallersAuthorizationIsNotRefreshed(t *testing.T) {
	t.Parallel()
	attempts := 0
	base := roundTripper(func(r *http.Request) (*http.Response, error) { attempts++; return answer(r, 401, ""), nil })
	src := newSource(bearer)
	r := request(t, "GET", home, nil)
	r.SetBasicAuth("ada", "x")
	for _, r := range []*http.Request{r, request(t, "GET", home, nil).WithContext(httpauth.WithoutCredentials(t.Context()))} {
		attempts = 0
		got, err := at(base, src).RoundTrip(r) //nolint:bodyclose // in memory: nothing to give back
		if err != nil || got.StatusCode != http.StatusUnauthorized || attempts != 1 || src.refreshes.Load() != 0 {
			t.Errorf("%v, %v after %d attempts, %d refreshes; want the 401", got, err, attempts, src.refreshes.Load())
		}
	}
}

func TestTheBodyIsClosedOnEveryError(t *testing.T) {
	t.Parallel()
	cause := errors.New("no login")
	none := roundTripper(func(*http.Request) (*http.Response, error) { t.Error("it was sent"); return nil, cause })
	unready, refusing := newSource(bearer), newSource(bearer)
	unready.unready = cause
	refusing.failed = cause
	newline := newSource(func(int) *auth.Credentials { return &auth.Credentials{AccessToken: "a\nb"} })
	for name, tt := range map[string]struct {
		transport http.RoundTripper
		op        string
	}{
		"no credentials": {at(none, unready), "get credentials"},
		"bad header":     {at(none, newline), "attach credentials"},
		"plaintext":      {httpauth.New(newSource(bearer), none, httpauth.WithOrigins("http://home.test"), httpauth.WithStrictOrigins()), "send"},
	} {
		body := &watched{Reader: strings.NewReader("x")}
		_, err := tt.transport.RoundTrip(request(t, "POST", home, body)) //nolint:bodyclose // there is none
		own, ok := errors.AsType[*httpauth.Error](err)
		if !ok || own.Op != tt.op || own.Method != http.MethodPost || own.URL != home || !body.closed.Load() {
			t.Errorf("%s: %v, body closed: %v; want an Error of %q", name, err, body.closed.Load(), tt.op)
		}
	}
	first := &watched{Reader: strings.NewReader("no")}
	rejecting := roundTripper(func(r *http.Request) (*http.Response, error) {
		_ = r.Body.Close()
		a := answer(r, 401, "")
		a.Body = first
		return a, nil
	})
	_, err := at(rejecting, refusing).RoundTrip(request(t, "POST", home, strings.NewReader("x"))) //nolint:bodyclose // there is none
	own, ok := errors.AsType[*httpauth.Error](err)
	if !ok || !errors.Is(err, cause) || own.Op != "replace credentials" || own.Rejection.StatusCode != http.StatusUnauthorized || !first.closed.Load() {
		t.Errorf("%v, rejection closed: %v; want the error of the refresh", err, first.closed.Load())
	}
	if text := read(t, own.Rejection); text != "no" {
		t.Errorf("the rejection reads %q", text)
	}
}

func TestTheContextEndsTheWaitForCredentials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		base := roundTripper(func(r *http.Request) (*http.Response, error) { return answer(r, 401, ""), nil })
		_, err := at(base, waiting{}).RoundTrip(request(t, "GET", home, nil).WithContext(ctx)) //nolint:bodyclose // there is none
		timeout, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err)
		if !errors.Is(err, context.DeadlineExceeded) || !ok || !timeout.Timeout() {
			t.Errorf("%v, want a timeout", err)
		}
	})
}

// waiting is a source whose refresh never ends.
type waiting struct{}

func (waiting) Credentials(context.Context) (*auth.Credentials, error) { return bearer(0), nil }
func (waiting) Refresh(ctx context.Context, _ *auth.Credentials) (*auth.Credentials, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAnEventArrivesBeforeTheNextIsSent(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "data: x\n\n")
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	client.Transport = httpauth.New(newSource(bearer), client.Transport, httpauth.WithOrigins(server.URL))
	got, err := client.Do(request(t, "GET", server.URL, nil))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := io.ReadFull(got.Body, make([]byte, len("data: x\n\n"))); err != nil {
			t.Fatal(err)
		}
		next <- struct{}{}
	}
	_ = got.Body.Close()
}

func TestAcceptedIsCalledOncePerCredential(t *testing.T) {
	t.Parallel()
	codes := []int{503, 429, 407, 404, 403, 302, 401, 409, 200, 200, 401, 200}
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		code := codes[0]
		codes = codes[1:]
		return answer(r, code, ""), nil
	})
	src := newSource(bearer)
	transport := at(base, src)
	var seen []int
	for len(codes) > 0 {
		got, err := transport.RoundTrip(request(t, "GET", home, nil)) //nolint:bodyclose // in memory: nothing to give back
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, got.StatusCode)
	}
	if want := []int{503, 429, 407, 404, 403, 302, 409, 200, 200, 200}; !slices.Equal(seen, want) {
		t.Errorf("answers %v, want %v", seen, want)
	}
	var ids []string
	for _, c := range src.accepted {
		ids = append(ids, c.AccessToken)
	}
	if want := []string{secret(1), secret(2)}; !slices.Equal(ids, want) {
		t.Errorf("accepted %v, want %v", ids, want)
	}
}

func TestAReplacementThatIsRejectedTooIsRefused(t *testing.T) {
	t.Parallel()
	src := newSource(bearer)
	base := roundTripper(func(r *http.Request) (*http.Response, error) { return answer(r, 401, ""), nil })
	got, err := at(base, src).RoundTrip(request(t, "GET", home, nil))
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Body.Close()
	if len(src.refused) != 1 || src.refused[0].AccessToken != secret(1) || len(src.accepted) != 0 {
		t.Errorf("refused %v, accepted %v, want the replacement refused", src.refused, src.accepted)
	}
}

func TestTheTransportBelowIsReached(t *testing.T) {
	t.Parallel()
	base := &closing{}
	client := &http.Client{Transport: at(base, newSource(bearer))}
	client.CloseIdleConnections()
	if unwrap := at(base, newSource(bearer)).Unwrap(); !base.closed || unwrap != base {
		t.Errorf("idle connections closed: %v, below is %v", base.closed, unwrap)
	}
	if at(nil, nil).Unwrap() != http.DefaultTransport {
		t.Error("without a transport it is not http.DefaultTransport")
	}
}

type closing struct {
	http.RoundTripper
	closed bool
}

func (c *closing) CloseIdleConnections() { c.closed = true }

func TestTheRequestIDStaysTheSame(t *testing.T) {
	t.Parallel()
	var ids []string
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		ids = append(ids, r.Header.Get("X-Request-ID"))
		return answer(r, 401, ""), nil
	})
	transport := at(base, newSource(bearer), httpauth.WithRequestID())
	_, err := transport.RoundTrip(request(t, "POST", home, struct{ io.Reader }{strings.NewReader("x")})) //nolint:bodyclose // there is none
	own, _ := errors.AsType[*httpauth.Error](err)
	if own == nil || len(ids) != 1 || ids[0] == "" || own.RequestID != ids[0] {
		t.Errorf("%v with ids %v", err, ids)
	}
	r := request(t, "GET", home, nil)
	r.Header.Set("X-Request-ID", "mine")
	for _, r := range []*http.Request{request(t, "GET", home, nil), r} {
		ids = nil
		got, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if len(ids) != 2 || ids[0] != ids[1] || r.Header.Get("X-Request-ID") != "" && ids[0] != "mine" {
			t.Errorf("ids %v", ids)
		}
	}
}

func TestABodyThatCannotBeHadAgainIsAnError(t *testing.T) {
	t.Parallel()
	base := roundTripper(func(r *http.Request) (*http.Response, error) { return answer(r, 401, ""), nil })
	cause := errors.New("the file is gone")
	r := request(t, "PUT", home, strings.NewReader("x"))
	r.GetBody = func() (io.ReadCloser, error) { return nil, cause }
	_, err := at(base, newSource(bearer)).RoundTrip(r) //nolint:bodyclose // there is none
	own, ok := errors.AsType[*httpauth.Error](err)
	if !ok || own.Op != "repeat" || !errors.Is(err, cause) {
		t.Errorf("%v, want an Error of repeat", err)
	}
	r = request(t, "PUT", home, http.NoBody)
	r.Body, r.GetBody = http.NoBody, nil
	if got, err := at(base, newSource(bearer)).RoundTrip(r); err != nil || got.StatusCode != http.StatusUnauthorized { //nolint:bodyclose // in memory: nothing to give back
		t.Errorf("NoBody: %v, %v, want the second answer", got, err)
	}
}
