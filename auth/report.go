package auth

import (
	"cmp"
	"context"
	"errors"
)

// observed reports operations of login to an Observer. Nil and the zero value report none.
type observed struct {
	to    Observer
	login *Authenticator
}

// begin reports an operation. The function that it returns is never nil.
func (o *observed) begin(ctx context.Context, kind OperationKind) (context.Context, func(Result)) {
	if o == nil || o.to == nil {
		return ctx, unobserved
	}
	within, end := o.told(ctx, kind)
	return cmp.Or(within, ctx), func(r Result) {
		if end != nil {
			quietly(func() { end(r) })
		}
	}
}

// told calls the Observer; the results of one that panics are nil.
func (o *observed) told(ctx context.Context, kind OperationKind) (within context.Context, end func(Result)) {
	defer func() { _ = recover() }()
	return o.to.Begin(ctx, Operation{Kind: kind, Login: o.login})
}

func unobserved(Result) {}

// during reports an operation that is the rest of its caller: defer the function that it
// returns. It puts the Observer's context into *ctx, and reports the *err that the caller
// returns. A caller whose goroutine was ended sets none, so *err says that to begin with.
//
//nolint:gocritic,fatcontext // it changes its caller's context, so that the caller needs one line for all of this
func (o *observed) during(ctx *context.Context, kind OperationKind, err *error) func() {
	if o == nil || o.to == nil {
		return func() {}
	}
	within, end := o.begin(*ctx, kind)
	*ctx, *err = within, errNoAnswer
	return func() {
		r := Result{Err: *err}
		if kind.ofStore() && errors.Is(r.Err, ErrNoCredentials) {
			r.Err = nil
		}
		end(r)
	}
}

func (k OperationKind) ofStore() bool { return k == Reading || k == Storing || k == Deleting }

// moment reports an operation that takes no time.
func (o *observed) moment(ctx context.Context, kind OperationKind) {
	_, end := o.begin(ctx, kind)
	end(Result{})
}

// locking reports the wait for a lock. A caller that stopped waiting, since it needs the lock
// no more, has not failed.
func (o *observed) locking(ctx context.Context) (context.Context, func(stopped bool, err error)) {
	ctx, end := o.begin(ctx, Locking)
	return ctx, func(stopped bool, err error) {
		if stopped {
			err = nil
		}
		end(Result{Err: err})
	}
}

// observe reports how long l is held, if it is held at all.
func (l *lock) observe(ctx context.Context, o *observed) {
	if l.lease != nil {
		_, l.ended = o.begin(ctx, Leasing)
	}
}

// start sets what holds a pointer to a itself, which New cannot do in a literal.
func (a *Authenticator) start(o Observer) {
	a.renewal.seen = observed{o, a}
	a.renewal.storage.seen = &a.renewal.seen
	a.current.Store(notRead(0))
}

// runObserved is run, reported as a Renewal. A comparison with the store is none.
func (r *renewal) runObserved(ctx context.Context, t *task) (creds *Credentials, err error) {
	if t.mode == storeOnly {
		return r.run(ctx, t)
	}
	ctx, end := r.seen.begin(ctx, Renewal)
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
	ctx, end := fs.renewal.seen.begin(ctx, Wait)
	creds, err := fs.await(ctx, gen, m)
	end(Result{Err: err})
	return creds, err
}

// rejection reports that a server has just rejected a call, and returns the current snapshot.
func (a *Authenticator) rejection(ctx context.Context) *snapshot {
	a.renewal.seen.moment(ctx, Rejection)
	return a.current.Load()
}
