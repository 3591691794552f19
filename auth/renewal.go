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
	scopes  []string // that this program asks for, if it says so
	seen    observed

	narrow atomic.Bool                    // a login with fewer scopes has to do
	dead   atomic.Pointer[[]refusedToken] // never sent again
	faults int                            // ErrServerFault in a row; used by the one flight only
}

// task is one replacement and its progress. Until it is done only the goroutine that
// runs it uses it, critical excepted.
type task struct {
	mode     mode
	old      *snapshot    // what is to be replaced
	given    *Credentials // of WithInitial, the first time
	last     *Credentials // already superseded: not to be handed out again
	outdated bool         // the stored copy is outdated too; see flights
	session  *Credentials // that the other side renewed by itself, and is to be adopted
	clock    clock.Clock

	critical atomic.Bool  // a rotated refresh token may be in flight
	lease    lease        // on the stored login
	stored   string       // the ID of the stored login, as it was read last
	read     bool         // that it was
	prev     *Credentials // what can be refreshed
	failure  error        // why it cannot
	narrow   bool         // the stored login asked for too few scopes

	adopted  bool  // the result is from the store
	isLogin  bool  // the result is a new login, not a refreshed one
	repeated bool  // the result is the same access token as before
	unstored error // why a session that was adopted could not be stored
}

var (
	errNotRenewed = errors.New("nothing to refresh")
	errUnusable   = errors.New("a token that calls cannot carry")
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
	if t.session != nil {
		return r.adopt(ctx, t), nil
	}
	if r.find(ctx, t) {
		return t.prev, nil
	}
	if err := r.held(ctx, t); err != nil && !r.hasAnother(ctx, t.old) {
		return nil, r.fail("renew", err)
	}
	next, err := r.renew(ctx, t)
	switch {
	case !errors.Is(err, errNotRenewed):
		return next, err
	case !r.mayLogIn(t.mode):
		return r.keepCurrent(t)
	}
	if err := r.spared(ctx, t); err != nil {
		return nil, r.fail("login", err)
	}
	return r.logIn(ctx, t)
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
		t.adopted = false
		return false
	}
	asks := r.canRenew(t.prev, t.mode) || r.mayLogIn(t.mode)
	again := func() bool { found = r.look(ctx, t); return found }
	if !found && asks && r.storage.take(ctx, &t.lease, again) && !found {
		found = r.look(ctx, t)
	}
	return found
}

// look sets t.prev to the best credentials there are, and reports whether they can
// be used as they are.
func (r *renewal) look(ctx context.Context, t *task) (found bool) {
	given, why := r.vetted(t.given)
	current, old := r.vetted(t.old.creds)
	t.given, t.prev, t.failure = given, cmp.Or(given, current), cmp.Or(why, old)
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
	case stored.olderThan(t.last), r.tooNarrow(ctx, t, stored):
		return false
	}
	stored, why = r.vetted(stored)
	t.adopted = t.canUse(stored)
	if t.adopted || t.given == nil {
		t.prev, t.failure = stored, why
	}
	if errors.Is(why, errUnusable) {
		r.log.WarnContext(ctx, "a token that calls cannot carry is not used", slog.Any("error", why))
	}
	return t.adopted
}

// canUse reports whether calls can carry c as it is.
func (t *task) canUse(c *Credentials) bool {
	return c.usable(t.clock.Read()) && (t.last == nil || c.AccessToken != t.last.AccessToken)
}

// canRenew reports whether a refresh is worth a request. Flows that need no person log in
// again instead, unless they have a refresh token or calls still have a valid token.
func (r *renewal) canRenew(prev *Credentials, m mode) bool {
	prev, _ = r.vetted(prev)
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
		case err != nil && t.rotates(next):
			kept := r.keepRefresh(ctx, t, next.RefreshToken)
			r.postpone(ctx, t, err)
			return kept, r.fail("renew", err)
		case err == nil:
			return r.keep(ctx, t, next)
		case errors.Is(err, ErrInteractionRequired): // another program may refresh it: it stays stored
			t.prev, t.failure = t.prev.withoutRefresh(r.clock.Read()), err
			return nil, errNotRenewed
		case r.givenUp(t, err): // the login stays stored until the next one is there
			t.failure = err
			return nil, errNotRenewed
		case !errors.Is(err, ErrRejected):
			r.postpone(ctx, t, err)
			return nil, r.fail("renew", err)
		}
		t.failure = err
		if another := r.refuse(ctx, t, err); !another {
			if t.mode == renewOnly && !r.traits.Interactive {
				return nil, r.fail("renew", err)
			}
			break
		}
		if t.adopted = t.canUse(t.prev); t.adopted {
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
		limit = r.traits.limit()
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
	defer r.seen.during(&sending, Refreshing, &err)()
	defer recovered(ctx, r.log, r.flowName(), &err)
	next, err = r.flow.(Renewer).Renew(sending, r.env, t.prev) //nolint:forcetypeassert // canRenew has looked
	return r.checked(next, err)
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
	case errors.Is(err, ErrInteractionRequired) && t.narrow && t.mode < newLogin && r.useNarrow(ctx):
		return r.run(ctx, t)
	case errors.Is(err, configstore.ErrNoLogin) && t.mode < interactive:
		return nil, nil //nolint:nilnil // calls go without
	case errors.Is(err, ErrInteractionRequired) && errors.Is(t.failure, ErrServerFault):
		return nil, r.fail("renew", t.failure) // the server may recover, and no person can be asked
	case t.failure != nil:
		err = fmt.Errorf("%w (the login before it: %v)", err, t.failure) //nolint:errorlint // history, not the cause
	}
	r.postpone(ctx, t, err)
	return nil, r.fail("login", err)
}

func (r *renewal) obtain(ctx context.Context, t *task) (next *Credentials, err error) {
	t.critical.Store(false)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := r.traits.limit()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer r.seen.during(&ctx, LoggingIn, &err)()
	defer recovered(ctx, r.log, r.flowName(), &err)
	prev := t.prev
	if prev == nil && t.failure != nil { // there was one
		prev = &Credentials{Ended: oneLine(t.failure.Error())}
	}
	next, err = r.flow.Obtain(ctx, r.env, prev)
	if err != nil && r.traits.Interactive && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w: the login timed out after %v: %w", ErrDeclined, limit, err)
	}
	return r.checked(next, err)
}

// keep stores next and returns it. It stores first: if the process ended with a rotated
// refresh token that is used but not stored, the login would be lost. It stores even if
// the access token is useless, and returns the error that says so beside it.
func (r *renewal) keep(ctx context.Context, t *task, next *Credentials) (*Credentials, error) {
	now := r.clock.Read()
	t.repeated = t.old.sameToken(next)
	var useless error
	switch {
	case t.repeated && t.old.wasRejected() && t.old.usable() && (t.mode < newLogin || !t.old.accepted.Load()):
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
	kept.Ended, kept.Refused, kept.RetryAt, kept.Refusals = "", "", time.Time{}, t.refusals(cmp.Or(t.prev, t.old.creds), now)
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
			t.adopted, t.isLogin, t.repeated, t.outdated = true, false, false, false
			r.log.InfoContext(ctx, "another process stored a newer login meanwhile; it is used instead")
			return newer, nil
		}
		t.outdated = err != nil
	}
	r.log.DebugContext(ctx, "logged in", slog.String("flow", r.storage.key.Flow), slog.Any("credentials", &kept))
	return &kept, useless
}

// save stores c, even if the flight is being cancelled: the server has issued it and may
// have ended the tokens before it. A login that was asked for replaces the stored one;
// any other gives way to a newer stored login, which is returned.
func (r *renewal) save(ctx context.Context, t *task, c *Credentials) (newer *Credentials, err error) {
	t.critical.Store(true)
	ctx, cancel := extended(ctx)
	defer cancel()
	r.storage.take(ctx, &t.lease, nil)
	if !t.read || t.isLogin && (r.traits.Interactive || t.mode == newLogin) {
		return nil, r.storage.put(ctx, c)
	}
	return r.storage.replace(ctx, &t.lease, t.stored, c)
}

// fail returns the error of all callers that wait.
func (r *renewal) fail(op string, err error) *Error {
	return &Error{Op: op, Endpoint: r.storage.key.Endpoint, Err: err, shared: true}
}
