package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

const (
	// lately is how old a token may be that a server refuses, to count as a new one.
	lately = 5 * time.Minute
	// justNow is the same for the login of a person that another program stored.
	justNow = time.Minute
)

// refusals returns the Refusals of the credentials that replace c.
func (t *task) refusals(c *Credentials, now clock.Reading) int {
	switch {
	case c == nil, t.mode == newLogin, t.old.acceptedToken(c), now.Wall().Sub(c.IssuedAt) > lately:
		return 0
	case t.repeated, !t.old.wasRejected() || !t.old.sameToken(c):
		return c.Refusals
	default:
		return c.Refusals + 1
	}
}

// mayAsk returns an error if t has to wait before it asks the authorization server: that
// wants to be left alone, or a server refuses one new token after another.
func (r *renewal) mayAsk(ctx context.Context, t *task) error {
	c, now := t.prev, r.clock.Read().Wall()
	if t.mode == newLogin {
		return nil
	}
	if err := r.postponed(t); err != nil || c == nil {
		return err
	}
	delay := doubled(c.Refusals)
	wait := c.IssuedAt.Add(delay).Sub(now)
	if c.Refusals == 0 || !t.old.wasRejected() || t.old.acceptedToken(c) || wait <= 0 || wait > delay {
		return nil
	}
	return &pausedError{cause: ErrRejected, wait: wait, text: fmt.Sprintf(
		"%v: %d new tokens in a row were refused and none was accepted; the next one is requested after %v; %s",
		ErrRejected, c.Refusals+1, delay, r.mismatch(ctx, c))}
}

// postponed returns an error if a program that shares the login, this one or another, found
// that the authorization server is not to be asked yet.
func (r *renewal) postponed(t *task) error {
	c := cmp.Or(t.entry.note, t.prev)
	if c == nil {
		return nil
	}
	wait := c.RetryAt.Sub(r.clock.Read().Wall())
	switch {
	case wait <= 0 || wait > maxRetryAfter:
		return nil
	case c.Refused != "" && !r.traits.Interactive:
		text := c.Refused + "; the next login is tried after " + c.RetryAt.UTC().Format(time.RFC3339)
		return &pausedError{cause: ErrRejected, wait: wait, text: text}
	default:
		return &pausedError{wait: wait, text: "the authorization server wants no request before " + c.RetryAt.UTC().Format(time.RFC3339)}
	}
}

var errNotAsked = fmt.Errorf("%w: %w", ErrInteractionRequired, ErrRejected)

// mayAskPerson returns an error if the person is not to be asked although a call was rejected:
// a server refused the token of a login that was made just now, and would refuse that of
// the next one too. It leaves a note for other programs that share the login.
func (r *renewal) mayAskPerson(ctx context.Context, t *task) error {
	c := t.prev
	if c == nil || t.mode != interactive || !r.traits.Interactive {
		return nil
	}
	s, now := t.old, r.clock.Read()
	accepted := s.acceptedToken(c)
	if c.Refused != "" && !accepted {
		return &pausedError{cause: errNotAsked, text: c.Refused}
	}
	rejected := s.wasRejected() && s.sameToken(c) && c.usable(now)
	if !rejected || c.RefreshToken != "" || c.Ended != "" {
		return nil
	}
	madeHere := s.byPerson && (!accepted || s.vain.Load())
	madeElsewhere := s.creds.fromStore && now.Wall().Sub(c.IssuedAt) < justNow
	if !madeHere && !madeElsewhere {
		return nil
	}
	text := oneLine("a server refused the token of a new login; another one would not help; " + r.mismatch(ctx, c))
	if !accepted {
		r.storage.note(ctx, &t.entry.lock, t.entry.id, func(c *Credentials) { c.Refused = text })
	}
	return &pausedError{cause: errNotAsked, text: text}
}

// sharedRefusal is how long machines that share a login do not try one that was refused: of
// them all one does so in this time. It is short, since one of them may get another secret.
const sharedRefusal = 10 * time.Second

// postpone stores, for the other programs, how long the server that err is from wants to
// be left alone, or that it refused a login which no person can help.
func (r *renewal) postpone(ctx context.Context, t *task, err error) {
	wait, text := retryAfter(err), ""
	if errors.Is(err, ErrRejected) && !r.traits.Interactive && r.storage.watched() {
		wait, text = max(wait, sharedRefusal), oneLine(err.Error())
	}
	if wait > 0 && t.entry.read {
		ctx, cancel := t.awaited(ctx)
		defer cancel()
		r.storage.note(ctx, &t.entry.lock, t.entry.id, func(c *Credentials) {
			c.RetryAt = r.clock.Read().Wall().Add(wait)
			if text != "" {
				c.Refused = text
			}
		})
	}
}
