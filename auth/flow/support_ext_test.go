package flow_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// seen is one request as a token endpoint got it.
type seen struct {
	id, secret string // from HTTP Basic, as sent
	form       map[string]string
	header     http.Header
	at         time.Time
}

// recorder keeps what arrived and answers with what it is told.
type recorder struct {
	mu      sync.Mutex
	all     []seen
	answers http.HandlerFunc
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s := seen{header: req.Header.Clone(), form: map[string]string{}, at: time.Now()}
	s.id, s.secret, _ = req.BasicAuth()
	if err := req.ParseForm(); err == nil {
		for name := range req.PostForm {
			s.form[name] = req.PostForm.Get(name)
		}
	}
	r.mu.Lock()
	r.all = append(r.all, s)
	r.mu.Unlock()
	r.answers(w, req)
}

func (r *recorder) requests() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]seen(nil), r.all...)
}

// grants answers every request with the given JSON.
func grants(body string) http.HandlerFunc { return answers(http.StatusOK, "application/json", body) }

func answers(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const goodToken = `{"access_token":"at-canary-1","token_type":"bearer","expires_in":3600}`

// tokenEndpoint serves h on the loopback interface; the returned Env points at it.
func tokenEndpoint(t *testing.T, h http.HandlerFunc) (*recorder, auth.Env) {
	t.Helper()
	rec := &recorder{answers: h}
	srv := httptest.NewServer(rec)
	t.Cleanup(srv.Close)
	return rec, auth.Env{
		Endpoint: "flyte.example",
		Config:   &config{now: configstore.ClientConfig{TokenEndpoint: srv.URL + "/token"}},
		HTTP:     client(t),
	}
}

func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// config is a configuration that can change when it is invalidated.
type config struct {
	now, next   configstore.ClientConfig
	err         error
	invalidated int
}

func (c *config) ClientConfig(context.Context) (configstore.ClientConfig, error) { return c.now, c.err }

func (c *config) Invalidate() {
	c.invalidated++
	if c.next.TokenEndpoint != "" {
		c.now = c.next
	}
}

func set(env auth.Env, change func(*configstore.ClientConfig)) {
	c, ok := env.Config.(*config)
	if !ok {
		panic(fmt.Sprintf("%T is not the test's configuration", env.Config))
	}
	change(&c.now)
}

// inMemory is a RoundTripper that calls a handler, for use under fake time.
type inMemory struct{ h http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	done := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		m.h.ServeHTTP(w, r)
		done <- w.Result()
	}()
	select {
	case resp := <-done:
		return resp, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// inMemoryEndpoint is tokenEndpoint without sockets.
func inMemoryEndpoint(h http.HandlerFunc) (*recorder, auth.Env) {
	rec := &recorder{answers: h}
	return rec, auth.Env{
		Config: &config{now: configstore.ClientConfig{TokenEndpoint: "https://idp.example/token"}},
		HTTP:   &http.Client{Transport: inMemory{rec}},
	}
}

// The secrets of these tests; none may ever be seen.
const (
	clientSecret = "client-canary s3cret+/%&"
	oldRefresh   = "refresh-canary-old"
)

func machine() flow.ClientCredentials {
	return flow.ClientCredentials{ClientID: "batch", Secret: flow.SecretValue(clientSecret)}
}

func person() *auth.Credentials {
	return &auth.Credentials{AccessToken: "access-canary-old", RefreshToken: oldRefresh, ClientID: "cli"}
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want it to contain %q", text, part)
		}
	}
}
