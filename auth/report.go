package auth

import (
	"cmp"
	"context"
	"errors"
)

// reporter reports operations of login to an Observer. Nil and the zero value report none.
type reporter struct {
	to    Observer
	login *Authenticator
}

// begin reports an operation. The function that it returns is never nil.
func (r *reporter) begin(ctx context.Context, kind OperationKind) (context.Context, func(Result)) {
	if r == nil || r.to == nil {
		return ctx, unobserved
	}
	within, end := r.told(ctx, kind)
	return cmp.Or(within, ctx), func(result Result) {
		if end != nil {
			quietly(func() { end(result) })
		}
	}
}

// told calls the Observer; the results of one that panics are nil.
func (r *reporter) told(ctx context.Context, kind OperationKind) (within context.Context, end func(Result)) {
	defer func() { _ = recover() }()
	return r.to.Begin(ctx, Operation{Kind: kind, Login: r.login})
}

func unobserved(Result) {}

// during reports an operation that is the rest of its caller: defer the function that it
// returns. It puts the Observer's context into *ctx, and reports the *err that the caller
// returns. A caller whose goroutine was ended sets none, so *err says that to begin with.
//
//nolint:gocritic,fatcontext // it changes its caller's context, so that the caller needs one line for all of this
func (r *reporter) during(ctx *context.Context, kind OperationKind, err *error) func() {
	if r == nil || r.to == nil {
		return func() {}
	}
	within, end := r.begin(*ctx, kind)
	*ctx, *err = within, errNoAnswer
	return func() {
		result := Result{Err: *err}
		if kind.ofStore() && errors.Is(result.Err, ErrNoCredentials) {
			result.Err = nil
		}
		end(result)
	}
}

func (k OperationKind) ofStore() bool { return k == Reading || k == Storing || k == Deleting }

// moment reports an operation that takes no time.
func (r *reporter) moment(ctx context.Context, kind OperationKind) {
	_, end := r.begin(ctx, kind)
	end(Result{})
}

// locking reports the wait for a lock. A caller that stopped waiting, since it needs the lock
// no more, has not failed.
func (r *reporter) locking(ctx context.Context) (context.Context, func(stopped bool, err error)) {
	ctx, end := r.begin(ctx, Locking)
	return ctx, func(stopped bool, err error) {
		if stopped {
			err = nil
		}
		end(Result{Err: err})
	}
}

// leasing reports how long l is held, if it is held at all.
func (r *reporter) leasing(ctx context.Context, l *lock) {
	if l.lease != nil {
		_, l.ended = r.begin(ctx, Leasing)
	}
}

// runObserved is run, reported as a Renewal. A comparison with the store is none.
func (r *renewal) runObserved(ctx context.Context, t *task) (creds *Credentials, err error) {
	if t.mode == storeOnly {
		return r.run(ctx, t)
	}
	ctx, end := r.report.begin(ctx, Renewal)
	err = errNoAnswer // if run ends the goroutine
	defer func() { end(Result{Err: err, Outcome: t.outcome(creds, err)}) }()
	creds, err = r.run(ctx, t)
	return creds, err
}

func (t *task) outcome(creds *Credentials, err error) Outcome {
	switch {
	case err != nil:
		return ""
	case t.isLogin:
		return LoggedIn
	case creds == nil, t.old.sameToken(creds):
		return NoLogin
	case t.fromStore, t.session != nil, creds == t.given:
		return Found
	default:
		return Refreshed
	}
}

// join is await, reported as a Wait of the call whose context ctx is.
func (fs *flights) join(ctx context.Context, gen uint64, m mode) (*Credentials, error) {
	ctx, end := fs.renewal.report.begin(ctx, Wait)
	creds, err := fs.await(ctx, gen, m)
	end(Result{Err: err})
	return creds, err
}
