package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// rejectedToken is a refresh token that the server rejected for good.
type rejectedToken struct {
	token string
	why   error
}

// maxRejected bounds how many of them a process remembers.
const maxRejected = 8

// rememberRejected keeps token from being sent again.
func (r *renewal) rememberRejected(token string, why error) {
	list := []rejectedToken{{token, why}} // the last one first; a list is never changed
	if before := r.rejected.Load(); before != nil {
		list = append(list, (*before)[:min(len(*before), maxRejected-1)]...)
	}
	r.rejected.Store(&list)
}

// whyRejected returns why the refresh token was rejected, nil if it was not.
func (r *renewal) whyRejected(token string) error {
	if list := r.rejected.Load(); list != nil && token != "" {
		for _, d := range *list {
			if d.token == token {
				return d.why
			}
		}
	}
	return nil
}

// endLogin remembers, here and in the store, that the refresh token of t.prev was rejected for
// good. It sets t.prev to what can be used instead, and reports whether that is another
// login, which was stored since.
func (r *renewal) endLogin(ctx context.Context, t *task, why error) (another bool) {
	if t.prev.RefreshToken == "" {
		return false
	}
	if r.traits.Interactive { // otherwise a new login replaces it
		r.log.WarnContext(ctx, "the server rejected the refresh token; a new login is needed", slog.Any("error", why))
	}
	r.rememberRejected(t.prev.RefreshToken, why)
	ctx, cancel := t.awaited(ctx)
	defer cancel()
	other := r.storage.end(ctx, &t.entry.lock, t.prev, why)
	t.entry.outdated = false // nothing here is newer than the store any more
	if other == nil {
		if t.prev = t.prev.withoutRefresh(r.clock.Read()); t.prev != nil {
			t.prev.Ended = oneLine(why.Error())
		}
		return false
	}
	t.prev, t.entry.id, t.entry.read = other, other.ID(), true
	return true
}

// vetted returns c without a token that must not be sent, nil if it has no other, and the
// reason.
func (r *renewal) vetted(c *Credentials) (*Credentials, error) {
	if c == nil {
		return nil, nil //nolint:nilnil // nothing is wrong with nothing
	}
	var why error
	rest := *c
	if rejection := r.whyRejected(c.RefreshToken); rejection != nil {
		rest.Ended = cmp.Or(rest.Ended, oneLine(rejection.Error()))
	}
	if rest.Ended != "" {
		rest.RefreshToken, why = "", errors.New(rest.Ended)
	}
	if err := c.sendable(); err != nil {
		rest.AccessToken, why = "", fmt.Errorf("%w: %w", errUnusable, err)
	}
	switch {
	case rest == *c:
		return c, why
	case rest.AccessToken == "" && rest.RefreshToken == "":
		return nil, why
	default:
		return &rest, why
	}
}

// givenUp reports whether a login follows a refresh that failed with err, where another
// attempt would do in other cases: the server has answered with an OAuth error and a status
// of 5xx more than once in a row, as some do for good, and the access token has expired or
// was rejected.
func (r *renewal) givenUp(t *task, err error) bool {
	if !errors.Is(err, ErrServerFault) {
		r.faults = 0
		return false
	}
	r.faults++
	ended := t.old.wasRejected() || !t.prev.usable(r.clock.Read())
	return r.faults > 1 && ended && t.mode > renewOnly && r.traits.Interactive && retryAfter(err) == 0
}
