package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/clock"
)

// mode is what a renewal may do.
type mode int

const (
	storeOnly   mode = iota - 1 // compare with the store; ask no server
	renewOnly                   // in the background: refresh, nothing else
	unattended                  // also log in where that needs no person
	interactive                 // also ask a person
	newLogin                    // log in, whatever there is
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
	report  reporter

	anyScopes atomic.Bool                     // a login with fewer scopes has to do
	rejected  atomic.Pointer[[]rejectedToken] // never sent again
	faults    int                             // ErrServerFault in a row; used by the one flight only
}

// task is one replacement and its progress. Until it is done only the goroutine that
// runs it uses it, critical excepted.
type task struct {
	mode    mode
	old     *snapshot    // what is to be replaced
	given   *Credentials // of WithInitial, the first time
	last    *Credentials // already superseded: not to be handed out again
	session *Credentials // that the other side renewed by itself, and is to be adopted

	entry    entry        // in the store
	prev     *Credentials // what can be refreshed
	failure  error        // why it cannot
	narrow   bool         // the stored login asked for too few scopes
	critical atomic.Bool  // a rotated refresh token may be in flight

	fromStore bool  // the result is from the store
	isLogin   bool  // the result is a new login, not a refreshed one
	repeated  bool  // the result is the same access token as before
	storeErr  error // why a session that was adopted could not be stored
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
	defer r.unlock(ctx, t)
	if !t.entry.lock.exclusive() { // kept from the renewal before, and lost since
		t.entry.lock.release()
	}
	switch {
	case t.mode == storeOnly:
		return r.compare(ctx, t)
	case t.session != nil:
		return r.adopt(ctx, t), nil
	}
	if r.find(ctx, t) {
		return t.prev, nil
	}
	if err := r.mayAsk(ctx, t); err != nil && !r.hasAnother(ctx, t.old) {
		return nil, r.fail("renew", err)
	}
	next, err := r.renew(ctx, t)
	switch {
	case !errors.Is(err, errNotRenewed):
		return next, err
	case !r.canLogIn(t.mode):
		return r.keepCurrent(t)
	}
	if r.traits.Interactive && !t.entry.read && t.entry.lock.missing != nil { // a login may well be stored
		return nil, r.fail("login", r.storage.needsLock(t.entry.lock.missing))
	}
	if err := r.mayAskPerson(ctx, t); err != nil {
		return nil, r.fail("login", err)
	}
	return r.logIn(ctx, t)
}

// canLogIn reports whether a renewal in mode m may end in a new login.
func (r *renewal) canLogIn(m mode) bool {
	return m >= interactive || (m == unattended && !r.traits.Interactive)
}

// find looks for credentials that can be used as they are, and once more when the
// lock is held, because another process may just have stored some.
func (r *renewal) find(ctx context.Context, t *task) (found bool) {
	found = r.look(ctx, t)
	if t.mode == newLogin {
		t.fromStore = false
		return false
	}
	missed := !t.entry.read && !t.entry.outdated // the store was away
	settled := false                             // nothing is to be asked, so the lock is not needed
	again := func() bool {
		found = r.look(ctx, t)
		settled = found || !r.canAsk(t) || r.postponed(t) != nil
		return settled
	}
	if !found && r.canAsk(t) && r.storage.lock(ctx, &t.entry.lock, again) && !settled {
		if t.entry.lock.late || missed && r.storage.watched() {
			_ = clock.Sleep(ctx, settling) // what follows sees that ctx has ended
		}
		found = r.look(ctx, t)
	}
	return found
}

// canAsk reports whether t may ask the authorization server.
func (r *renewal) canAsk(t *task) bool { return r.canRenew(t.prev, t.mode) || r.canLogIn(t.mode) }

// look sets t.prev to the best credentials there are, and reports whether they can
// be used as they are.
func (r *renewal) look(ctx context.Context, t *task) (found bool) {
	given, why := r.vetted(t.given)
	current, whyNot := r.vetted(t.old.creds)
	t.given, t.prev, t.failure = given, cmp.Or(given, current), cmp.Or(why, whyNot)
	switch {
	case t.given.usable(r.clock.Read()):
		return true
	case r.storage.store == nil, t.entry.outdated:
		return false
	}
	stored, err := r.storage.retrieve(ctx)
	t.entry.answered(stored, err)
	switch {
	case t.entry.loggedOut:
		t.prev, t.failure = given, why
		return false
	case errors.Is(err, ErrNoCredentials):
		return false
	case err != nil:
		r.log.WarnContext(ctx, "cannot read the stored login", slog.Any("error", err))
		return false
	case stored.olderThan(t.last), r.tooNarrow(ctx, t, stored):
		return false
	}
	stored, why = r.vetted(stored)
	t.fromStore = r.canUse(t, stored)
	if t.fromStore || t.given == nil {
		t.prev, t.failure = stored, why
	}
	if errors.Is(why, errUnusable) {
		r.log.WarnContext(ctx, "a token that calls cannot carry is not used", slog.Any("error", why))
	}
	return t.fromStore
}

// canUse reports whether calls can carry c as it is.
func (r *renewal) canUse(t *task, c *Credentials) bool {
	return c.usable(r.clock.Read()) && (t.last == nil || c.AccessToken != t.last.AccessToken)
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
		if another := r.endLogin(ctx, t, err); !another {
			if t.mode == renewOnly && !r.traits.Interactive {
				return nil, r.fail("renew", err)
			}
			break
		}
		if t.fromStore = r.canUse(t, t.prev); t.fromStore {
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
		if err := r.storage.mayRefresh(&t.entry); err != nil {
			return nil, err
		}
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
	defer r.report.during(&sending, Refreshing, &err)()
	defer recovered(ctx, r.log, r.flowName(), &err)
	next, err = r.flow.(Renewer).Renew(sending, r.env, t.prev) //nolint:forcetypeassert // canRenew has looked
	return r.checked(next, err)
}

// logIn makes the flow log in.
func (r *renewal) logIn(ctx context.Context, t *task) (*Credentials, error) {
	if r.traits.Interactive {
		t.entry.lock.release()
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
	defer r.report.during(&ctx, LoggingIn, &err)()
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

// fail returns the error of all callers that wait.
func (r *renewal) fail(op string, err error) *Error {
	return &Error{Op: op, Endpoint: r.storage.key.Endpoint, Err: err, shared: true}
}
