// Package faults makes the HTTP endpoints of the mock misbehave: they are slow, hang, are
// down, redirect, or send malformed or huge answers, or answers that repeat the request.
//
// A [Set] holds the faults of one endpoint. Tests get it from the script of a running mock
// and turn faults on and off, also during requests:
//
//	token := server.Script().TokenEndpoint()
//	token.Slow(2 * time.Second)      // every request, until Reset
//	token.Refuse(1, "invalid_grant") // the next one
//
// Call mockserver.Script.TokenEndpoint, or Endpoint for the other endpoints of the
// authorization server; [Set.Wrap] gives a handler of your own such faults.
package faults

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// maxBody is how many bytes of a request are read ahead.
	maxBody  = 64 << 10
	jsonType = "application/json"
)

// Set holds the faults of one endpoint; the zero value has none. Methods may be called at
// any time, also during requests. Faults combine: a request first hangs, then is delayed,
// then gets an answer queued by [Set.FailNext]; only then does the endpoint answer, be it
// down, redirecting, echoing, flooding or malformed.
type Set struct {
	mu sync.Mutex

	hang        chan struct{} // open while requests hang
	delay       time.Duration
	queue       []queuedAnswer
	instead     *Answer // for as long as it is set
	echo        bool
	flood       int64
	rewrite     func(answer map[string]any)
	contentType string
}

// Answer is an HTTP answer that is sent instead of the endpoint's own.
type Answer struct {
	// Status is the HTTP status; zero means 500.
	Status int
	// ContentType is the media type of Body; empty means text/html.
	ContentType string
	// Body is sent as it is.
	Body string
	// Header are further headers, such as Retry-After.
	Header http.Header
}

// queuedAnswer is the answer to the next few requests.
type queuedAnswer struct {
	left   int
	answer Answer
}

// Hang makes requests wait without an answer until it is called with false, the client
// disconnects or the server closes.
func (f *Set) Hang(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if on == (f.hang != nil) {
		return
	}
	if on {
		f.hang = make(chan struct{})
		return
	}
	close(f.hang)
	f.hang = nil
}

// Slow delays every request by d; zero stops that.
func (f *Set) Slow(d time.Duration) { f.set(func() { f.delay = d }) }

// FailNext answers the next n requests with a.
func (f *Set) FailNext(n int, a Answer) {
	if n > 0 {
		f.set(func() { f.queue = append(f.queue, queuedAnswer{left: n, answer: a}) })
	}
}

// Refuse answers the next n requests with the error answer of RFC 6749 section 5.2 and
// code, such as "invalid_grant": status 401 for invalid_client, else 400.
func (f *Set) Refuse(n int, code string) {
	status := http.StatusBadRequest
	if code == "invalid_client" {
		status = http.StatusUnauthorized
	}
	f.FailNext(n, Answer{Status: status, ContentType: jsonType, Body: fmt.Sprintf(`{"error":%q}`, code)})
}

// Down answers every request with 503 and a page, until it is called with false.
func (f *Set) Down(on bool) {
	a := &Answer{Status: http.StatusServiceUnavailable, Body: "<html><body>Service Unavailable</body></html>"}
	if !on {
		a = nil
	}
	f.set(func() { f.instead = a })
}

// Redirect answers every request with status (307, for example) and Location to;
// an empty to stops that.
func (f *Set) Redirect(to string, status int) {
	a := &Answer{Status: status, Header: http.Header{"Location": {to}}}
	if to == "" {
		a = nil
	}
	f.set(func() { f.instead = a })
}

// Echo answers every request with a 500 that repeats its headers and body, as some servers
// do: a client must not copy such a text into its errors.
func (f *Set) Echo(on bool) { f.set(func() { f.echo = on }) }

// Flood makes every answer a JSON document of about size bytes; zero stops that.
func (f *Set) Flood(size int64) { f.set(func() { f.flood = size }) }

// Rewrite lets edit change each successful answer before it is sent; nil stops that.
func (f *Set) Rewrite(edit func(answer map[string]any)) { f.set(func() { f.rewrite = edit }) }

// ExpiresIn replaces expires_in by v: a negative number, a string, or nil to omit it. It
// replaces the edit of [Set.Rewrite].
func (f *Set) ExpiresIn(v any) {
	f.Rewrite(func(answer map[string]any) {
		answer["expires_in"] = v
		if v == nil {
			delete(answer, "expires_in")
		}
	})
}

// ContentType sets the Content-Type of successful answers, such as text/plain, without
// changing their bodies; empty stops that.
func (f *Set) ContentType(kind string) { f.set(func() { f.contentType = kind }) }

// Reset stops every fault.
func (f *Set) Reset() {
	f.Hang(false)
	f.set(func() {
		f.delay, f.queue, f.instead, f.echo, f.flood, f.rewrite, f.contentType = 0, nil, nil, false, 0, nil, ""
	})
}

func (f *Set) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}
