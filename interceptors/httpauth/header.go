package httpauth

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/requestid"
)

const (
	requestIDKey = "X-Request-Id"
	cookieKey    = "Cookie"
)

// prepared is the header of one credential. It is made once and shared by all requests,
// so it must not change.
type prepared struct {
	creds    *auth.Credentials // may be nil
	key      string            // canonical; empty without a token
	value    []string
	accepted atomic.Bool // the source knows that a server has taken it
}

// header returns the prepared header of creds.
func (t *Transport) header(creds *auth.Credentials) (*prepared, error) {
	last := t.last.Load()
	if last != nil && last.creds == creds {
		return last, nil
	}
	h, err := prepare(creds)
	if err != nil {
		return nil, err
	}
	if !t.last.CompareAndSwap(last, h) {
		if other := t.last.Load(); other.creds == creds { // so that each is accepted once
			return other, nil
		}
	}
	return h, nil
}

func prepare(creds *auth.Credentials) (*prepared, error) {
	h := &prepared{creds: creds}
	key, value := creds.Header()
	if key == "" {
		return h, nil
	}
	h.key, h.value = textproto.CanonicalMIMEHeaderKey(key), []string{value}
	switch h.key {
	case "Connection", "Content-Length", "Content-Type", "Host", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return nil, fmt.Errorf("header %q belongs to HTTP itself: choose another HeaderKey", h.key)
	}
	for _, r := range key {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.!#$%&'*+^`|~", r)) {
			return nil, fmt.Errorf("header %q: the name has a character that cannot be in one", key)
		}
	}
	for i := range len(value) {
		if b := value[i]; b < 0x20 || b > 0x7e {
			return nil, fmt.Errorf("the value for header %q has a byte that is not printable ASCII at position %d of %d: "+
				"check that the token has no line end or quotes around it", h.key, i, len(value))
		}
	}
	return h, nil
}

// isSession reports whether the credential is a cookie.
func (h *prepared) isSession() bool { return h.key == cookieKey }

// with returns a copy of r that has the credential, if h is not nil, and the constant
// headers. The copy is a shallow one with a header map of its own: nothing of r changes,
// and GetBody is there for the transport below.
func (t *Transport) with(r *http.Request, h *prepared) *http.Request {
	out := r.WithContext(r.Context())
	out.Header = make(http.Header, len(r.Header)+len(t.headers)+2)
	maps.Copy(out.Header, r.Header)
	for _, f := range t.headers {
		if len(out.Header[f.key]) == 0 {
			out.Header[f.key] = f.value
		}
	}
	if t.requestID && len(out.Header[requestIDKey]) == 0 {
		out.Header[requestIDKey] = []string{requestid.New()}
	}
	h.attach(out.Header)
	return out
}

// attach puts the credential in place of any other value of the header; the other
// cookies of a request stay.
func (h *prepared) attach(header http.Header) {
	switch {
	case h == nil || h.key == "":
	case h.isSession() && len(header[cookieKey]) > 0:
		header[cookieKey] = []string{mergeCookies(header[cookieKey], h.value[0])}
	default:
		header[h.key] = h.value
	}
}

// mergeCookies returns one Cookie header with the cookies of the lines and those of
// session, which replace others of the same name.
func mergeCookies(lines []string, session string) string {
	ours := cookieNames(session)
	var kept []string
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			if part = strings.TrimSpace(part); part != "" && !slices.Contains(ours, cookieName(part)) {
				kept = append(kept, part)
			}
		}
	}
	return strings.Join(append(kept, session), "; ")
}

func cookieNames(line string) []string {
	var names []string
	for part := range strings.SplitSeq(line, ";") {
		names = append(names, cookieName(strings.TrimSpace(part)))
	}
	return names
}

func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}

// askedKey holds what [Confirm] needs, in the context of the request that a rule gets.
type askedKey struct{}

type asked struct {
	transport *Transport
	header    *prepared
}

// rejects reports whether an answer rejects the credential of h.
func (t *Transport) rejects(sent *http.Request, h *prepared, answer *http.Response) bool {
	switch {
	case answer.StatusCode == http.StatusSwitchingProtocols:
		return false
	case answer.StatusCode >= http.StatusMultipleChoices:
		sent = sent.WithContext(context.WithValue(sent.Context(), askedKey{}, &asked{t, h}))
	}
	return t.rejected(sent, answer)
}

// accept reports to the source that a server has taken the credential of h. Answers that
// a proxy may have made before the server saw the request do not show that, and neither
// does a refusal for want of a permission.
func (t *Transport) accept(h *prepared, answer *http.Response) {
	if t.accepter == nil || h.key == "" || h.accepted.Load() {
		return
	}
	if shows(answer.StatusCode) && !h.accepted.Swap(true) {
		t.accepter.Accepted(h.creds)
	}
}

// shows reports whether a status shows that the server has taken the credentials: a success,
// or what depends on the state of a resource.
func shows(code int) bool {
	switch code {
	case http.StatusSwitchingProtocols, http.StatusNotModified, http.StatusConflict, http.StatusPreconditionFailed:
		return true
	default:
		return code >= http.StatusOK && code < http.StatusMultipleChoices
	}
}

// requestIDOf returns the x-request-id of a request, or "".
func requestIDOf(r *http.Request) string {
	if id := r.Header[requestIDKey]; len(id) > 0 {
		return id[0]
	}
	return ""
}

// method returns that of a request, for which empty means GET.
func method(r *http.Request) string { return cmp.Or(r.Method, http.MethodGet) }
