package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/buffered"
)

// plan holds the faults for one request.
type plan struct {
	hang        <-chan struct{}
	delay       time.Duration
	answer      *Answer
	echo        bool
	flood       int64
	rewrite     func(map[string]any)
	contentType string
}

func (f *Set) next() plan {
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

// Wrap returns next with the faults of f, which apply to each request when it arrives. The
// mock wraps its endpoints itself.
func (f *Set) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := slurp(r)
		p := f.next()
		if ok && !p.wait(r.Context()) {
			return // its client has disconnected
		}
		switch {
		case p.answer != nil:
			write(w, *p.answer)
		case p.echo:
			echo(w, r, body)
		case p.flood > 0:
			flood(w, p.flood)
		case p.rewrite != nil || p.contentType != "":
			buffered.Edit(w, r, next, p.edit)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// edit changes an answer if it is a success.
func (p plan) edit(a *buffered.Answer) {
	if a.Status != http.StatusOK {
		return
	}
	if p.contentType != "" {
		a.Header.Set("Content-Type", p.contentType)
	}
	answer := map[string]any{}
	if p.rewrite == nil || json.Unmarshal(a.Body, &answer) != nil {
		return
	}
	p.rewrite(answer)
	if changed, err := json.Marshal(answer); err == nil {
		a.Body = changed
	}
}

// slurp reads the whole body: net/http notices that a client has disconnected only after
// its request was read. It returns false if the body is too long to buffer.
func slurp(r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	return body, err == nil && len(body) <= maxBody
}

// wait delays a request; false if its client disconnects meanwhile.
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
	write(w, Answer{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: b.String()})
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

// write sends a.
func write(w http.ResponseWriter, a Answer) {
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
