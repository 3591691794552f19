package oauth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Answer is an HTTP answer given instead of the endpoint's own.
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

// RefusalAnswer is the error answer of RFC 6749 section 5.2 with code, such as
// "invalid_grant": status 401 for invalid_client, else 400.
func RefusalAnswer(code string) Answer {
	status := http.StatusBadRequest
	if code == codeInvalidClient {
		status = http.StatusUnauthorized
	}
	return Answer{Status: status, ContentType: jsonType, Body: fmt.Sprintf(`{"error":%q}`, code)}
}

func (a Answer) write(w http.ResponseWriter) {
	for key, values := range a.Header {
		w.Header()[http.CanonicalHeaderKey(key)] = slices.Clone(values)
	}
	kind := a.ContentType
	if kind == "" {
		kind = "text/html; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	status := a.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, a.Body)
}

// Faults makes an endpoint misbehave; the zero value leaves it alone. Methods may
// be called at any time, also while requests are under way, and combine: a
// request first hangs, then waits, then takes an answer queued by [Faults.FailNext],
// and only then meets the endpoint that is down, redirects, echoes, floods, or
// answers in an odd form.
type Faults struct {
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

// queuedAnswer is what the next few requests get.
type queuedAnswer struct {
	left   int
	answer Answer
}

// Hang makes requests wait without an answer until it is called with false, the
// client leaves or the server closes.
func (f *Faults) Hang(on bool) {
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
func (f *Faults) Slow(d time.Duration) { f.set(func() { f.delay = d }) }

// FailNext gives a to the next n requests.
func (f *Faults) FailNext(n int, a Answer) {
	if n > 0 {
		f.set(func() { f.queue = append(f.queue, queuedAnswer{left: n, answer: a}) })
	}
}

// Down answers every request with 503 and a page, until it is called with false.
func (f *Faults) Down(on bool) {
	a := &Answer{Status: http.StatusServiceUnavailable, Body: "<html><body>Service Unavailable</body></html>"}
	if !on {
		a = nil
	}
	f.set(func() { f.instead = a })
}

// Redirect answers every request with status (307, for example) and Location to;
// an empty to stops that.
func (f *Faults) Redirect(to string, status int) {
	a := &Answer{Status: status, Header: http.Header{"Location": {to}}}
	if to == "" {
		a = nil
	}
	f.set(func() { f.instead = a })
}

// Echo answers every request with a 500 that repeats its headers and its body,
// as careless servers do: a client must not carry such a text into its errors.
func (f *Faults) Echo(on bool) { f.set(func() { f.echo = on }) }

// Flood makes every answer a JSON document of about size bytes; zero stops that.
func (f *Faults) Flood(size int64) { f.set(func() { f.flood = size }) }

// Rewrite lets edit change each successful answer before it is sent; nil stops that.
func (f *Faults) Rewrite(edit func(answer map[string]any)) { f.set(func() { f.rewrite = edit }) }

// ExpiresIn puts v in place of expires_in: a negative number, a string, or nil
// to leave it out. It replaces what [Faults.Rewrite] set.
func (f *Faults) ExpiresIn(v any) {
	f.Rewrite(func(answer map[string]any) {
		answer["expires_in"] = v
		if v == nil {
			delete(answer, "expires_in")
		}
	})
}

// ContentType labels successful answers as kind, such as text/plain, without
// changing them; empty stops that.
func (f *Faults) ContentType(kind string) { f.set(func() { f.contentType = kind }) }

// Reset stops every fault.
func (f *Faults) Reset() {
	f.Hang(false)
	f.set(func() {
		f.delay, f.queue, f.instead, f.echo, f.flood, f.rewrite, f.contentType = 0, nil, nil, false, 0, nil, ""
	})
}

func (f *Faults) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// plan is what one request meets.
type plan struct {
	hang        <-chan struct{}
	delay       time.Duration
	answer      *Answer
	echo        bool
	flood       int64
	rewrite     func(map[string]any)
	contentType string
}

func (f *Faults) next() plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := plan{
		hang: f.hang, delay: f.delay, answer: f.instead,
		echo: f.echo, flood: f.flood, rewrite: f.rewrite, contentType: f.contentType,
	}
	if len(f.queue) > 0 {
		next := &f.queue[0]
		p.answer = &next.answer
		if next.left--; next.left == 0 {
			f.queue = f.queue[1:]
		}
	}
	return p
}

// wrap puts the faults in front of an endpoint.
func (f *Faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := slurp(r)
		p := f.next()
		if ok && !p.wait(r.Context()) {
			return // nobody is left to answer
		}
		switch {
		case p.answer != nil:
			p.answer.write(w)
		case p.echo:
			echo(w, r, body)
		case p.flood > 0:
			flood(w, p.flood)
		case p.rewrite != nil || p.contentType != "":
			p.alter(w, r, next)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// slurp reads the body ahead: net/http notices that a client left only after its
// request has been read. It reports false if the body is too long to hold.
func slurp(r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	return body, err == nil && len(body) <= maxForm
}

// wait holds a request up; false when its client left meanwhile.
func (p plan) wait(ctx context.Context) bool {
	if p.hang != nil {
		select {
		case <-p.hang:
		case <-ctx.Done():
			return false
		}
	}
	if p.delay <= 0 {
		return true
	}
	timer := time.NewTimer(p.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func echo(w http.ResponseWriter, r *http.Request, body []byte) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.URL.Path)
	_ = r.Header.Write(&b) // a Builder does not fail
	b.Write(body)
	Answer{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: b.String()}.write(w)
}

func flood(w http.ResponseWriter, size int64) {
	w.Header().Set("Content-Type", jsonType)
	chunk := strings.Repeat("A", 32<<10)
	_, err := io.WriteString(w, `{"access_token":"`)
	for sent := int64(0); sent < size && err == nil; sent += int64(len(chunk)) {
		_, err = io.WriteString(w, chunk)
	}
	if err == nil {
		_, _ = io.WriteString(w, `","token_type":"Bearer"}`)
	}
}
