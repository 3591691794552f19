package transfer

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/retryafter"
)

// maxRefusal is how much of a refusal's body is read.
const maxRefusal = 16 << 10

// StatusError is an answer of a storage host other than success. It is [ErrExpired] or
// [ErrChecksum] to errors.Is if the host says so.
type StatusError struct {
	// Status is the HTTP status code.
	Status int
	// Method is the method of the request.
	Method string
	// URL is the URL of the request, without user, query and fragment.
	URL string
	// Code and Message are what the host says, such as "AccessDenied" and "Request has
	// expired"; may be empty.
	Code, Message string
	// RetryAfter is how long the host asks to wait; 0 if it does not ask.
	RetryAfter time.Duration

	cause error // ErrExpired, ErrChecksum or nil
}

// Error returns the request, the status and what the host says.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: the storage host answered %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	said := strings.TrimPrefix(e.Code+": "+e.Message, ": ")
	if said = strings.TrimSuffix(said, ": "); said != "" {
		text += " (" + said + ")"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	switch {
	case 300 <= e.Status && e.Status < 400 && e.Status != http.StatusNotModified:
		text += ": the redirect was not followed"
	case e.RetryAfter > longestWait:
		text += fmt.Sprintf(": it asks to wait %v, so try again after that", e.RetryAfter)
	}
	return text
}

// Unwrap returns [ErrExpired], [ErrChecksum] or nil.
func (e *StatusError) Unwrap() error { return e.cause }

// refusal reads why the storage host refuses a request. Ended says that the URL's time is
// over.
func refusal(res *http.Response, asked *url.URL, ended bool) *StatusError {
	e := &StatusError{Status: res.StatusCode, Method: res.Request.Method, URL: shown(asked)}
	if wait, said := retryafter.Parse(res.Header.Get("Retry-After"), time.Now()); said {
		e.RetryAfter = wait
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxRefusal)) // what came of it is good enough
	var said struct {
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
		Details string `xml:"Details"`
		Azure   string `xml:"AuthenticationErrorDetail"`
	}
	_ = xml.Unmarshal(body, &said) // other forms are not understood
	// Hosts repeat what they were sent, and some of that is secret.
	hide := secretsOf(asked, res.Request.URL)
	e.Code = hide.Text(said.Code, 100)
	e.Message = hide.Text(strings.Join(strings.Fields(said.Message+" "+said.Details+" "+said.Azure), " "), fault.MaxForeign)
	e.cause = meaning(e.Status, strings.ToLower(e.Code+" "+e.Message), ended)
	return e
}

// meaning returns the sentinel that an answer stands for. Storage hosts do not agree on how
// they say that a URL has expired: S3 answers 403 AccessDenied "Request has expired", Google
// 400 ExpiredToken, Azure 403 "Signature not valid in the specified time frame".
func meaning(httpStatus int, text string, ended bool) error {
	switch httpStatus {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
	default:
		return nil
	}
	switch {
	case strings.Contains(text, "expired"), strings.Contains(text, "specified time frame"):
		return ErrExpired
	case httpStatus != http.StatusBadRequest:
		if ended {
			return ErrExpired
		}
	case strings.Contains(text, "baddigest"), strings.Contains(text, "md5mismatch"):
		return ErrChecksum
	}
	return nil
}

// secretsOf returns what must not be shown of signed URLs: the longer values of their
// queries. The shorter ones are dates, algorithms and names of headers.
func secretsOf(urls ...*url.URL) *fault.Secrets {
	const shortest = 16
	hide := &fault.Secrets{}
	for _, u := range urls {
		// What servers take for a query need not be one by the rules.
		for piece := range strings.FieldsFuncSeq(u.RawQuery, func(c rune) bool { return c == '&' || c == ';' }) {
			name, value, named := strings.Cut(piece, "=")
			if !named { // a token alone
				name, value = "", piece
			}
			if text, err := url.QueryUnescape(value); err == nil {
				value = text
			}
			if len(value) >= shortest && !strings.HasSuffix(strings.ToLower(name), "headers") {
				hide.Add(value)
			}
		}
	}
	return hide
}

// shown returns u without user, query and fragment.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// networkError is a request that got no answer. Its text has no query of a URL, as that of
// a [url.Error] has.
type networkError struct {
	method, url, text string
	err               error
}

func (e *networkError) Error() string { return e.method + " " + e.url + ": " + e.text }
func (e *networkError) Unwrap() error { return e.err }

// unanswered describes why a request got no answer.
func unanswered(method string, asked *url.URL, err error) error {
	hide := secretsOf(asked)
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		if u, unreadable := url.Parse(wrapped.URL); unreadable == nil {
			hide = secretsOf(asked, u) // of a redirect
		}
		err = wrapped.Err
	}
	text := hide.Text(err.Error(), fault.MaxForeign)
	if strings.Contains(text, "Location header") { // which is quoted, and may be a signed URL
		text = "the storage host redirects to something that is not a URL"
		err = errors.New(text)
	}
	return &networkError{method, shown(asked), text, err}
}
