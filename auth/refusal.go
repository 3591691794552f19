package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jetway-go/jetway/configstore"
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
	case c == nil, t.mode == newLogin, t.old.tookToken(c), now.Wall().Sub(c.IssuedAt) > lately:
		return 0
	case t.repeated, !t.old.wasRejected() || !t.old.sameToken(c):
		return c.Refusals
	default:
		return c.Refusals + 1
	}
}

// held returns an error if t has to wait before it asks the authorization server: that
// wants to be left alone, or a server refuses one new token after another.
func (r *renewal) held(ctx context.Context, t *task) error {
	c, now := t.prev, t.clock.Read().Wall()
	if t.mode == newLogin {
		return nil
	}
	if err := r.postponed(t); err != nil || c == nil {
		return err
	}
	delay := doubled(c.Refusals)
	wait := c.IssuedAt.Add(delay).Sub(now)
	if c.Refusals == 0 || !t.old.wasRejected() || t.old.tookToken(c) || wait <= 0 || wait > delay {
		return nil
	}
	return &heldError{cause: ErrRejected, wait: wait, text: fmt.Sprintf(
		"%v: %d new tokens in a row were refused and none was accepted; the next one is requested after %v; %s",
		ErrRejected, c.Refusals+1, delay, r.mismatch(ctx, c))}
}

// postponed returns an error if a program that shares the login, this one or another, found
// that the authorization server is not to be asked yet.
func (r *renewal) postponed(t *task) error {
	c := cmp.Or(t.note, t.prev)
	if c == nil {
		return nil
	}
	wait := c.RetryAt.Sub(t.clock.Read().Wall())
	switch {
	case wait <= 0 || wait > maxRetryAfter:
		return nil
	case c.Refused != "" && !r.traits.Interactive:
		text := c.Refused + "; the next login is tried after " + c.RetryAt.UTC().Format(time.RFC3339)
		return &heldError{cause: ErrRejected, wait: wait, text: text}
	default:
		return &heldError{wait: wait, text: "the authorization server wants no request before " + c.RetryAt.UTC().Format(time.RFC3339)}
	}
}

var errSpared = fmt.Errorf("%w: %w", ErrInteractionRequired, ErrRejected)

// spared returns an error if the person is not to be asked although a call was rejected:
// a server refused the token of a login that was made just now, and would refuse that of
// the next one too. It leaves a note for other programs that share the login.
func (r *renewal) spared(ctx context.Context, t *task) error {
	c := t.prev
	if c == nil || t.mode != interactive || !r.traits.Interactive {
		return nil
	}
	took, age := t.old.tookToken(c), t.clock.Read().Wall().Sub(c.IssuedAt)
	switch {
	case c.Refused != "" && !took:
		return &heldError{cause: errSpared, text: c.Refused}
	case c.RefreshToken != "" || c.Ended != "" || !c.usable(t.clock.Read()) || !t.old.wasRejected() || !t.old.sameToken(c),
		!(t.old.asked && (!took || t.old.vain.Load()) || t.old.creds.adopted && age < justNow):
		return nil
	}
	text := oneLine("a server refused the token of a new login; another one would not help; " + r.mismatch(ctx, c))
	if !took {
		r.storage.note(ctx, &t.lease, t.stored, func(c *Credentials) { c.Refused = text })
	}
	return &heldError{cause: errSpared, text: text}
}

// mismatch compares what was asked for with what c was issued for, as far as either is
// known. A flow that uses no configuration causes no request for one.
func (r *renewal) mismatch(ctx context.Context, c *Credentials) string {
	cfg, err := configstore.ClientConfig{}, error(nil)
	if r.env.Config != nil && c.TokenOrigin != "" {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		func() {
			defer recovered(ctx, r.log, "the configuration", &err)
			cfg, err = r.env.Config.ClientConfig(ctx)
		}()
	}
	asked := "compare audience and scopes with what the backend expects"
	if err == nil && (cfg.Audience != "" || len(cfg.Scopes) > 0) {
		asked += fmt.Sprintf("; the configuration asks for audience %s, scopes %s",
			quoted(cfg.Audience), quoted(strings.Join(cfg.Scopes, " ")))
	}
	return asked + ", " + c.purpose()
}

// tooNarrow reports whether c asked for fewer scopes than this program, and a new login
// can be made.
func (r *renewal) tooNarrow(ctx context.Context, t *task, c *Credentials) bool {
	missing := c.lacks(r.scopes)
	if len(missing) == 0 || c.Ended != "" || r.narrow.Load() {
		return false
	}
	if r.traits.Interactive && r.env.Prompter == nil {
		r.useNarrow(ctx)
		return false
	}
	if t.narrow = true; t.mode > renewOnly {
		r.log.InfoContext(ctx, "the stored login asked for fewer scopes than this program; a new login replaces it",
			slog.Any("missing", missing))
	}
	return true
}

// useNarrow makes stored logins serve that asked for fewer scopes, and reports whether
// they did not before.
func (r *renewal) useNarrow(ctx context.Context) bool {
	if r.narrow.Swap(true) {
		return false
	}
	r.log.WarnContext(ctx, "the stored login asked for fewer scopes than this program, and no new login can be made here;"+
		" it is used as it is: log in again to have them all", slog.Any("scopes", r.scopes))
	return true
}

// refusedToken is a refresh token that the server rejected for good.
type refusedToken struct {
	token string
	why   error
}

// maxDead bounds how many of them a process remembers.
const maxDead = 8

func (r *renewal) remember(token string, why error) {
	dead := []refusedToken{{token, why}} // the last one first; a list is never changed
	if before := r.dead.Load(); before != nil {
		dead = append(dead, (*before)[:min(len(*before), maxDead-1)]...)
	}
	r.dead.Store(&dead)
}

// refusal returns why a refresh token was refused, nil if it was not.
func (r *renewal) refusal(token string) error {
	if dead := r.dead.Load(); dead != nil && token != "" {
		for _, d := range *dead {
			if d.token == token {
				return d.why
			}
		}
	}
	return nil
}

// refuse remembers, here and in the store, that the refresh token of t.prev was rejected for
// good. It sets t.prev to what can be used instead, and reports whether that is another
// login, which was stored since.
func (r *renewal) refuse(ctx context.Context, t *task, why error) (another bool) {
	if t.prev.RefreshToken == "" {
		return false
	}
	if r.traits.Interactive { // otherwise a new login replaces it
		r.log.WarnContext(ctx, "the server rejected the refresh token; a new login is needed", slog.Any("error", why))
	}
	r.remember(t.prev.RefreshToken, why)
	ctx, cancel := t.awaited(ctx)
	defer cancel()
	other := r.storage.end(ctx, &t.lease, t.prev, why)
	t.outdated = false // nothing here is newer than the store any more
	if other == nil {
		if t.prev = t.prev.withoutRefresh(t.clock.Read()); t.prev != nil {
			t.prev.Ended = oneLine(why.Error())
		}
		return false
	}
	t.prev, t.stored, t.read = other, other.ID(), true
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
	if refusal := r.refusal(c.RefreshToken); refusal != nil {
		rest.Ended = cmp.Or(rest.Ended, oneLine(refusal.Error()))
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
	ended := t.old.wasRejected() || !t.prev.usable(t.clock.Read())
	return r.faults > 1 && ended && t.mode > renewOnly && r.traits.Interactive && retryAfter(err) == 0
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
	if wait > 0 && t.read {
		ctx, cancel := t.awaited(ctx)
		defer cancel()
		r.storage.note(ctx, &t.lease, t.stored, func(c *Credentials) {
			c.RetryAt = t.clock.Read().Wall().Add(wait)
			if text != "" {
				c.Refused = text
			}
		})
	}
}

// awaited returns a context for what Close waits for after a refresh was sent: other
// programs have to know what came of it.
func (t *task) awaited(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.critical.Load() {
		return extended(ctx)
	}
	return context.WithCancel(ctx)
}

// keepCurrent returns the existing credentials when a login is not permitted.
func (r *renewal) keepCurrent(t *task) (*Credentials, error) {
	if t.loggedOut {
		return nil, nil //nolint:nilnil // as after a logout: calls go without
	}
	if !errors.Is(t.failure, ErrRejected) && t.old.load() != unread {
		cause := ErrLoginEnded
		if t.prev == nil && t.last == nil {
			cause = ErrNotLoggedIn
		}
		if t.failure != nil {
			cause = fmt.Errorf("%w: log in again: %v", cause, t.failure) //nolint:errorlint // history, not the cause
		}
		return nil, r.fail("renew", cause)
	}
	if t.prev != nil && t.prev.AccessToken == "" {
		t.prev = nil // it stays stored for a flow that can refresh it
	}
	return t.prev, nil
}

// rotates reports whether next has another refresh token than what was refreshed.
func (t *task) rotates(next *Credentials) bool {
	return next != nil && next.RefreshToken != "" && next.RefreshToken != t.prev.RefreshToken
}

// hasAnother reports whether the flow has another token by now than s; see [Changer].
func (r *renewal) hasAnother(ctx context.Context, s *snapshot) (changed bool) {
	c, ok := r.flow.(Changer)
	if !ok {
		return false
	}
	var panicked error
	defer recovered(ctx, r.log, r.flowName(), &panicked)
	return c.Changed(cmp.Or(s.creds, s.last))
}

// checked returns an error for a result that calls cannot carry.
func (r *renewal) checked(c *Credentials, err error) (*Credentials, error) {
	switch {
	case err != nil:
		return c, err
	case c == nil || c.AccessToken == "":
		return c, errors.New("the flow returned no access token")
	}
	if why := c.sendable(); why != nil {
		return c, fmt.Errorf("%w: %s returned it, and %w", errUnusable, r.flowName(), why)
	}
	return c, nil
}
