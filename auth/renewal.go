package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/clock"
)

// mode is what a renewal may do.
type mode int

const (
	renewOnly   mode = iota // in the background: refresh, nothing else
	unattended              // also log in where that needs no person
	interactive             // also ask a person
	newLogin                // log in, whatever there is
)

// renewal replaces a login: it reads the store, refreshes or logs in, and stores the
// result. It holds what all replacements share; a [task] is one of them.
type renewal struct {
	flow    Flow
	traits  Traits
	env     Env
	storage *storage
	log     *slog.Logger
	clock   clock.Clock
}

// task is one replacement and its progress. Until it is done only the goroutine that
// runs it uses it, critical excepted.
type task struct {
	mode     mode
	old      *snapshot    // what is to be replaced
	given    *Credentials // of WithInitial, the first time
	last     *Credentials // already superseded: not to be handed out again
	again    bool         // the token of old may be used once more; see backoff.repeated
	outdated bool         // the stored copy is outdated too; see flights
	clock    clock.Clock

	critical atomic.Bool  // a rotated refresh token may be in flight
	lease    lease        // on the stored login
	stored   string       // the ID of the stored login, as it was read last
	read     bool         // that it was
	prev     *Credentials // what can be refreshed
	failure  error        // why it cannot

	isLogin  bool // the result is a new login, not a refreshed one
	repeated bool // the result is the same access token as before
}

var (
	errNotRenewed = errors.New("nothing to refresh")
	errUnchanged  = errors.New("refreshing returned the same token again")
	errRepeated   = fmt.Errorf("%w: logging in again returned the token that the server has just rejected;"+
		" give this program another one", ErrRejected)
)

// run returns the credentials that replace t.old, nil if calls go without. They are the
// first of these that there are, as far as t.mode allows:
//
//  1. those of WithInitial,
//  2. a login that another process stored,
//  3. a refreshed login,
//  4. the present login, if no new one is permitted,
//  5. a new login.
//
// Other processes wait from the refresh until its result is stored, and read the store
// then. They never wait for a person.
func (r *renewal) run(ctx context.Context, t *task) (*Credentials, error) {
	defer t.lease.release()
	if r.find(ctx, t) {
		return t.prev, nil
	}
	next, err := r.renew(ctx, t)
	switch {
	case !errors.Is(err, errNotRenewed):
		return next, err
	case r.mayLogIn(t.mode):
		return r.logIn(ctx, t)
	default:
		return r.keepCurrent(t)
	}
}

// mayLogIn reports whether a renewal in mode m may end in a new login.
func (r *renewal) mayLogIn(m mode) bool {
	return m >= interactive || (m == unattended && !r.traits.Interactive)
}

// find looks for credentials that can be used as they are, and once more when the
// lease is held, because another process may just have stored some.
func (r *renewal) find(ctx context.Context, t *task) (found bool) {
	found = r.look(ctx, t)
	if t.mode == newLogin {
		return false
	}
	asks := r.canRenew(t.prev, t.mode) || r.mayLogIn(t.mode)
	if !found && asks && r.storage.take(ctx, &t.lease) {
		found = r.look(ctx, t)
	}
	return found
}

// look sets t.prev to the best credentials there are, and reports whether they can
// be used as they are.
func (r *renewal) look(ctx context.Context, t *task) (found bool) {
	t.prev = cmp.Or(t.given, t.old.creds)
	switch {
	case t.given.usable(t.clock.Read()):
		return true
	case r.storage.store == nil, t.outdated:
		return false
	}
	stored, err := r.storage.retrieve(ctx)
	t.stored, t.read = stored.ID(), err == nil || errors.Is(err, ErrNoCredentials)
	switch {
	case errors.Is(err, ErrNoCredentials):
		return false
	case err != nil:
		r.log.WarnContext(ctx, "cannot read the stored login", slog.Any("error", err))
		return false
	case stored.olderThan(t.last):
		return false
	}
	found = t.canUse(stored)
	if found || t.given == nil {
		t.prev = stored
	}
	if !found && stored.Ended != "" {
		t.failure = errors.New(stored.Ended)
	}
	return found
}

// canUse reports whether calls can carry c as it is.
func (t *task) canUse(c *Credentials) bool {
	return c.usable(t.clock.Read()) && (t.last == nil || c.AccessToken != t.last.AccessToken)
}

// canRenew reports whether a refresh is worth a request. Flows that need no person log in
// again instead, unless they have a refresh token or calls still have a valid token.
func (r *renewal) canRenew(prev *Credentials, m mode) bool {
	if _, ok := r.flow.(Renewer); !ok || prev == nil || m == newLogin {
		return false
	}
	return prev.RefreshToken != "" || (m == renewOnly && !r.traits.Interactive)
}

// renew refreshes t.prev. If that is impossible the error is errNotRenewed, and t.prev
// what calls can still carry.
func (r *renewal) renew(ctx context.Context, t *task) (*Credentials, error) {
	for range 2 { // once more if another login was stored meanwhile
		if !r.canRenew(t.prev, t.mode) {
			break
		}
		next, err := r.sendRefresh(ctx, t)
		switch {
		case err != nil && next != nil && next.RefreshToken != "":
			return r.keepRefresh(ctx, t, next.RefreshToken), r.fail("renew", err)
		case err == nil:
			return r.keep(ctx, t, next)
		case errors.Is(err, ErrInteractionRequired): // another program may refresh it: it stays stored
			t.prev, t.failure = t.prev.withoutRefresh(r.clock.Read()), err
			return nil, errNotRenewed
		case !errors.Is(err, ErrRejected), !r.traits.Interactive && t.mode == renewOnly:
			return nil, r.fail("renew", err)
		}
		t.failure = err
		if !r.traits.Interactive { // a new login replaces it
			break
		}
		r.log.WarnContext(ctx, "the server rejected the refresh token; a new login is needed", slog.Any("error", err))
		t.prev, t.outdated = r.storage.forget(ctx, &t.lease, t.prev, err), false // nothing here is newer than the store any more
		t.read = false
		if t.canUse(t.prev) {
			return t.prev, nil
		}
	}
	return nil, errNotRenewed
}

// sendRefresh makes the flow send the refresh token of t.prev. The server may rotate a
// stored one, so from here on Close waits until the next one is stored.
func (r *renewal) sendRefresh(ctx context.Context, t *task) (next *Credentials, err error) {
	limit := DefaultTimeout
	if !r.traits.Interactive { // that limit is a person's time
		limit = r.limit()
	}
	sending := ctx
	if t.prev.RefreshToken != "" && r.storage.store != nil {
		t.critical.Store(true)
		var cancel context.CancelFunc
		sending, cancel = extended(ctx)
		defer cancel()
	}
	if err := ctx.Err(); err != nil { // only now: Close cancels first, then looks at critical
		return nil, err
	}
	sending, cancel := context.WithTimeout(sending, limit)
	defer cancel()
	defer recovered(ctx, r.log, r.flowName(), &err)
	next, err = r.flow.(Renewer).Renew(sending, r.env, t.prev) //nolint:forcetypeassert // canRenew has looked
	return checked(next, err)
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

// flowName names the flow in errors.
func (r *renewal) flowName() string { return fmt.Sprintf("the flow %s (%T)", r.traits.Name, r.flow) }

// logIn makes the flow log in.
func (r *renewal) logIn(ctx context.Context, t *task) (*Credentials, error) {
	if r.traits.Interactive {
		t.lease.release()
	}
	next, err := r.obtain(ctx, t)
	switch {
	case err == nil:
		t.isLogin = true
		return r.keep(ctx, t, next)
	case errors.Is(err, configstore.ErrNoLogin) && t.mode < interactive:
		return nil, nil //nolint:nilnil // calls go without
	case t.failure != nil:
		err = fmt.Errorf("%w (the login before it: %v)", err, t.failure) //nolint:errorlint // history, not the cause
	}
	return nil, r.fail("login", err)
}

func (r *renewal) obtain(ctx context.Context, t *task) (next *Credentials, err error) {
	t.critical.Store(false)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := r.limit()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer recovered(ctx, r.log, r.flowName(), &err)
	prev := t.prev
	if prev == nil && t.failure != nil { // there was one
		prev = &Credentials{Ended: oneLine(t.failure.Error())}
	}
	next, err = r.flow.Obtain(ctx, r.env, prev)
	if err != nil && r.traits.Interactive && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w: the login timed out after %v: %w", ErrDeclined, limit, err)
	}
	return checked(next, err)
}

// limit returns how long a login of the flow may take.
func (r *renewal) limit() time.Duration {
	if r.traits.Timeout > 0 {
		return r.traits.Timeout
	}
	return DefaultTimeout
}

// checked returns an error for a result that is neither credentials nor an error.
func checked(c *Credentials, err error) (*Credentials, error) {
	if err == nil && (c == nil || c.AccessToken == "") {
		return nil, errors.New("the flow returned no access token")
	}
	return c, err
}

// keepCurrent returns the existing credentials when a login is not permitted.
func (r *renewal) keepCurrent(t *task) (*Credentials, error) {
	if !errors.Is(t.failure, ErrRejected) && t.old.load() != unread {
		if t.prev == nil && t.last == nil {
			return nil, r.fail("renew", ErrNotLoggedIn)
		}
		return nil, r.fail("renew", ErrLoginEnded)
	}
	if t.prev != nil && t.prev.AccessToken == "" {
		t.prev = nil // it stays stored for a flow that can refresh it
	}
	return t.prev, nil
}

// keep stores next and returns it. It stores first: if the process ended with a rotated
// refresh token that is used but not stored, the login would be lost. It stores even if
// the access token is useless, and returns the error that says so beside it.
func (r *renewal) keep(ctx context.Context, t *task, next *Credentials) (*Credentials, error) {
	now := r.clock.Read()
	t.repeated = t.old.sameToken(next)
	var useless error
	switch {
	case t.repeated && t.old.load() == rejected && !t.again:
		useless = r.fail("login", errRepeated)
	case t.repeated && t.old.load() < expired && t.mode < newLogin:
		useless = r.fail("renew", errUnchanged)
	}
	if useless != nil && next.RefreshToken == t.old.creds.RefreshToken {
		return nil, useless
	}
	kept := *next
	if kept.IssuedAt.IsZero() {
		kept.IssuedAt = now.Wall()
	}
	if kept.hasExpired(now) { // clocks differ: only the server can tell
		r.log.WarnContext(ctx, "the new token has already expired by this machine's clock; is the clock right?")
		kept.Expiry = time.Time{}
	}
	if r.storage.store != nil {
		newer, err := r.save(ctx, t, &kept)
		switch {
		case err != nil:
			r.log.WarnContext(ctx, "cannot store the login; it lasts as long as this process", slog.Any("error", err))
		case t.canUse(newer):
			t.isLogin, t.repeated, t.outdated = false, false, false
			r.log.InfoContext(ctx, "another process stored a newer login meanwhile; it is used instead")
			return newer, nil
		}
		t.outdated = err != nil
	}
	r.log.DebugContext(ctx, "logged in", slog.String("flow", r.storage.key.Flow), slog.Any("credentials", &kept))
	return &kept, useless
}

// keepRefresh stores the present login with another refresh token, and returns it: the
// answer that this one came in was of no other use, but the server may have ended the one
// before it.
func (r *renewal) keepRefresh(ctx context.Context, t *task, token string) *Credentials {
	kept := *t.prev
	kept.RefreshToken, kept.Ended = token, ""
	if r.storage.store != nil {
		newer, err := r.save(ctx, t, &kept)
		if err != nil {
			r.log.WarnContext(ctx, "cannot store the login; it lasts as long as this process", slog.Any("error", err))
		}
		if newer != nil {
			return nil
		}
		t.outdated = err != nil
	}
	return &kept
}

// save stores c, even if the flight is being cancelled: the server has issued it and may
// have ended the tokens before it. A login that was asked for replaces the stored one;
// any other gives way to a newer stored login, which is returned.
func (r *renewal) save(ctx context.Context, t *task, c *Credentials) (newer *Credentials, err error) {
	t.critical.Store(true)
	ctx, cancel := extended(ctx)
	defer cancel()
	r.storage.take(ctx, &t.lease)
	if !t.read || t.isLogin && (r.traits.Interactive || t.mode == newLogin) {
		return nil, r.storage.put(ctx, c)
	}
	return r.storage.replace(ctx, &t.lease, t.stored, c)
}

// extraTime is how much longer than the flight that asked for it a refresh, and
// storing its result, may take. An authorization server that rotates refresh tokens
// may have ended the old one by then, and a login would be lost with the answer.
const extraTime = 3 * time.Second

// extended returns a context that ends extraTime after ctx does.
func extended(ctx context.Context) (context.Context, context.CancelFunc) {
	kept, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(extraTime, cancel) })
	return kept, func() { stop(); cancel() }
}

// fail returns the error of all callers that wait.
func (r *renewal) fail(op string, err error) *Error {
	return &Error{Op: op, Endpoint: r.storage.key.Endpoint, Err: err, shared: true}
}
