package mockserver

import (
	"net/http"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/methods"
)

// HTTPAnswer is a bare HTTP answer to a call, as a proxy sends it.
type HTTPAnswer struct {
	// Status is the HTTP status; zero means 401.
	Status int
	// ContentType is the media type of Body; empty means text/html if there is a
	// Body, and no such header otherwise.
	ContentType string
	// Body is sent as it is; may be empty.
	Body string
	// Location is where a redirect points; empty leaves the header out.
	Location string
}

func (a HTTPAnswer) status() int {
	if a.Status == 0 {
		return http.StatusUnauthorized
	}
	return a.Status
}

func (a HTTPAnswer) write(w http.ResponseWriter) {
	h := w.Header()
	switch {
	case a.ContentType != "":
		h.Set("Content-Type", a.ContentType)
	case a.Body != "":
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	if a.Location != "" {
		h.Set("Location", a.Location)
	}
	w.WriteHeader(a.status())
	_, _ = w.Write([]byte(a.Body)) // fails only when the client has gone
}

type answerRule struct {
	pattern string
	left    int
	answer  HTTPAnswer
}

// AnswerHTTP answers the next n calls of method with bare HTTP, whatever their
// token, as a proxy in front of the backend would. The error is [ErrNoHTTPFront]
// without [WithHTTPFront], or names a method that the server does not have.
func (c *Script) AnswerHTTP(method string, n int, a HTTPAnswer) error {
	if c.server.front == nil {
		return &Error{Op: "script", Err: ErrNoHTTPFront}
	}
	pattern := methods.Normal(method)
	if err := c.server.unknown(pattern); err != nil {
		return err
	}
	if n > 0 {
		c.edit(func() { c.answers = append(c.answers, answerRule{pattern, n, a}) })
	}
	return nil
}

// AnswerRejections answers every call whose access token is missing or not accepted
// with a instead of Unauthenticated, as a proxy that checks tokens does; nil stops
// that. Without [WithHTTPFront] the error is [ErrNoHTTPFront].
func (c *Script) AnswerRejections(a *HTTPAnswer) error {
	if c.server.front == nil {
		return &Error{Op: "script", Err: ErrNoHTTPFront}
	}
	c.edit(func() { c.rejections = a })
	return nil
}

// httpAnswer returns the bare HTTP answer that is due for a call, if there is one.
func (c *Script) httpAnswer(r *http.Request) (HTTPAnswer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	method := r.URL.Path
	for i := range c.answers {
		if rule := &c.answers[i]; matches(rule.pattern, method) {
			answer := rule.answer
			if rule.left--; rule.left == 0 {
				c.answers = slices.Delete(c.answers, i, i+1)
			}
			return answer, true
		}
	}
	if c.rejections == nil || c.server.cfg.open || isOpen(method) {
		return HTTPAnswer{}, false
	}
	scheme, token, _ := strings.Cut(r.Header.Get(c.server.cfg.headerKey), " ")
	if _, err := c.server.check(scheme, token); err != nil {
		return *c.rejections, true
	}
	return HTTPAnswer{}, false
}
