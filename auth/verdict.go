package auth

import (
	"context"
)

// Accepted says that a server has taken c. The interceptors call it once for each
// credential. A token that is rejected before any server has accepted it was issued for
// something else, as a rule, and so was the next one: then a replacement is requested after
// 1, 2, 4 ... 60 seconds, and a person is not asked again before the next Login. A program
// that calls Refresh by itself calls Accepted too.
func (a *Authenticator) Accepted(c *Credentials) {
	s := a.current.Load()
	if c == nil || !s.published(c) || s.accepted.Swap(true) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backoff.accepted(s.wasRejected())
}

// Refused says that a call was rejected with c, which Refresh had returned for it in place
// of others: a new token does not help that call. The interceptors call it. The next
// replacement is requested after 1, 2, 4 ... 60 seconds. If c is from a person, that person
// is not asked again before the next Login.
func (a *Authenticator) Refused(c *Credentials) {
	s := a.current.Load()
	if c == nil || !s.published(c) || s.vain.Swap(true) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backoff.pace.inVain(a.renewal.clock.Read())
}

// Doubted reports whether a call that was rejected with c is to be made once more with c
// itself, before Refresh: tokens that a server had accepted were rejected and replaced one
// after another, as happens where one of several backends rejects what the others accept.
// The interceptors ask once for each call. It sends nothing.
func (a *Authenticator) Doubted(ctx context.Context, c *Credentials) bool {
	s := a.current.Load()
	if c == nil || !s.published(c) || !s.accepted.Load() || s.wasRejected() {
		return false
	}
	a.mu.Lock()
	many := a.backoff.churn.many(a.renewal.clock.Read())
	a.mu.Unlock()
	if many {
		a.renewal.report.moment(ctx, Rejection)
	}
	return many
}
