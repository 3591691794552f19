package httpauth

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/clock"
)

const (
	// verdictLife is how long it is remembered what a server said of a credential.
	verdictLife = 5 * time.Second
	// askTimeout is how long the server may take to say it.
	askTimeout = 10 * time.Second
	// maxVerdicts is how many are remembered: one credential is current, and a few may be
	// used by requests that began earlier.
	maxVerdicts = 16
)

// Confirm returns a [Rule] for servers that give one answer to a rejected credential and
// to one that lacks a permission. Where suspect reports a rejection, a GET of address,
// which any good credential may read, is sent with the same credential: 401 or 403
// confirms the rejection, and any other answer or an error does not. The server is asked
// once per credential at a time, and its answer is remembered for 5 s, so that a program
// that is forbidden something sends few of these requests. The address must be an absolute
// URL of one of the origins of [WithOrigins].
//
// The rule works within a [Transport] only, since it sends a request by it.
func Confirm(suspect Rule, address string) Rule {
	return newConfirmation(suspect, address, clock.Clock{}).rejected
}

// confirmation is the memory of one rule.
type confirmation struct {
	suspect Rule
	address *url.URL // nil if it is none
	clock   clock.Clock

	mu       sync.Mutex
	verdicts map[*auth.Credentials]*verdict
}

// verdict is what the server says of a credential. Its fields are set before done closes.
type verdict struct {
	done     chan struct{}
	known    bool // false: the server has not said, and the next request asks again
	rejected bool
	until    clock.Reading
}

func newConfirmation(suspect Rule, address string, c clock.Clock) *confirmation {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		u = nil
	}
	return &confirmation{suspect: suspect, address: u, clock: c, verdicts: map[*auth.Credentials]*verdict{}}
}

func (c *confirmation) rejected(sent *http.Request, answer *http.Response) bool {
	if !c.suspect(sent, answer) {
		return false
	}
	ctx := sent.Context()
	by, ok := ctx.Value(askedKey{}).(*asked)
	if !ok || c.address == nil || !by.transport.mayAsk(c.address) {
		return false
	}
	for ctx.Err() == nil {
		v, ours := c.join(by.header.creds)
		if ours {
			c.settle(by.header.creds, v, func() (known, rejected bool) { return by.ask(ctx, c.address) })
			return v.rejected
		}
		select {
		case <-v.done:
		case <-ctx.Done():
			return false
		}
		if v.known {
			return v.rejected
		}
	}
	return false
}

// join returns the verdict on a credential; ours means that the caller has to get it.
func (c *confirmation) join(creds *auth.Credentials) (v *verdict, ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Read()
	if v := c.verdicts[creds]; v != nil && !now.Reached(v.until) {
		return v, false
	}
	for old, v := range c.verdicts {
		if now.Reached(v.until) || len(c.verdicts) >= maxVerdicts && !v.until.IsZero() {
			delete(c.verdicts, old)
		}
	}
	v = &verdict{done: make(chan struct{})}
	c.verdicts[creds] = v
	return v, true
}

// settle gets a verdict and lets the others have it.
func (c *confirmation) settle(creds *auth.Credentials, v *verdict, ask func() (known, rejected bool)) {
	var known, rejected bool
	defer func() { // a transport of the program's may panic
		c.mu.Lock()
		defer c.mu.Unlock()
		if v.known, v.rejected = known, rejected; known {
			v.until = c.clock.Read().Add(verdictLife)
		} else if c.verdicts[creds] == v {
			delete(c.verdicts, creds)
		}
		close(v.done)
	}()
	known, rejected = ask()
}

// mayAsk reports whether a credential may be sent to u.
func (t *Transport) mayAsk(u *url.URL) bool {
	at, ok := t.origins.find(u)
	return ok && (at.scheme == "https" || at.local || t.plaintext)
}

// ask sends the GET. Unless the caller's own context ended it, the server has said all
// that it will say for now.
func (a *asked) ask(ctx context.Context, u *url.URL) (known, rejected bool) {
	limited, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{"Accept": {"application/json"}}}
	answer, err := a.transport.base.RoundTrip(a.transport.with(r.WithContext(limited), a.header))
	if err != nil {
		return ctx.Err() == nil, false
	}
	_, _ = io.CopyN(io.Discard, answer.Body, maxRejection)
	_ = answer.Body.Close()
	return true, answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden
}
