package login_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wire is the program's way to the authorization server. It counts requests, and
// remembers every secret that passes, to look for them where they must not be.
type wire struct {
	next http.RoundTripper

	mu      sync.Mutex
	grants  []string // grant_type of every token request
	secrets map[string]string
	hidden  string // requests whose path holds this are answered 404
}

func newWire(t *testing.T) *wire {
	t.Helper()
	next := &http.Transport{}
	t.Cleanup(next.CloseIdleConnections)
	return &wire{next: next, secrets: map[string]string{}}
}

func (w *wire) client() *http.Client { return &http.Client{Transport: w} }

// RoundTrip sends a request on.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	hidden := w.hidden != "" && strings.Contains(req.URL.Path, w.hidden)
	w.mu.Unlock()
	if hidden {
		return &http.Response{
			Status: "404 Not Found", StatusCode: http.StatusNotFound, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: req,
		}, nil
	}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
		w.asked(req, body)
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	w.answered(body)
	return resp, err
}

// secretParameters are those of requests and answers that nobody else may see.
var secretParameters = []string{
	"access_token", "refresh_token", "id_token", "code", "code_verifier", "device_code", "client_secret",
	"client_assertion", "password", "token", "subject_token",
}

func (w *wire) asked(req *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if grant := form.Get("grant_type"); grant != "" {
		w.grants = append(w.grants, grant)
	}
	for _, name := range secretParameters {
		w.note(name, form.Get(name))
	}
	if kind, value, _ := strings.Cut(req.Header.Get("Authorization"), " "); kind == "Basic" {
		w.note("basic", value)
		if plain, err := base64.StdEncoding.DecodeString(value); err == nil {
			_, secret, _ := strings.Cut(string(plain), ":")
			w.note("client_secret, escaped", secret)
		}
	}
}

func (w *wire) answered(body []byte) {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range secretParameters {
		if text, ok := answer[name].(string); ok {
			w.note(name, text)
		}
	}
}

// note needs mu held.
func (w *wire) note(name, value string) {
	if len(value) >= 8 {
		w.secrets[value] = name
	}
}

// sent counts the token requests of a grant; all of them without one.
func (w *wire) sent(grants ...string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, g := range w.grants {
		if len(grants) == 0 || slices.Contains(grants, g) {
			n++
		}
	}
	return n
}

func (w *wire) hide(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hidden = path
}

// leaks names the kinds of secrets that a text holds.
func (w *wire) leaks(text string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("client_secret", machineSecret)
	w.note("password", password)
	var kinds []string
	for secret, kind := range w.secrets {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			if strings.Contains(text, form) && !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}
