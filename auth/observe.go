package auth

import (
	"cmp"
	"context"
	"errors"
)

// Observer is notified of what an [Authenticator] does, for metrics and traces. See
// [WithObserver].
type Observer interface {
	// Begin is called when op begins. It returns ctx, or one derived from it, with which op
	// goes on, and a function that is called once when op has ended. It is called from many
	// goroutines, must not block, and must not call methods of op.Login but Status. A panic
	// of either is dropped, and what went on goes on.
	Begin(ctx context.Context, op Operation) (context.Context, func(Result))
}

// Operation is something that an Authenticator does.
type Operation struct {
	// Kind says what.
	Kind OperationKind
	// Login is whose operation it is. Its Status has the key, in which there may be the name
	// of a user.
	Login *Authenticator
}

// OperationKind is a kind of [Operation].
type OperationKind string

// Kinds of operations. A renewal contains a refresh or a login, and operations of the store.
const (
	// Renewal is the replacement of a login, for all who wait for it: from the look at the
	// store until the result is stored. A call without a valid token starts one, and so does
	// the first after a start.
	Renewal OperationKind = "renewal"
	// Refreshing and LoggingIn are what the flow does in a renewal: the requests to the
	// authorization server, and a person's time.
	Refreshing OperationKind = "refresh"
	LoggingIn  OperationKind = "login"
	// Wait is the time of one call for which there was no valid token, or of Login. It has
	// the context of the call.
	Wait OperationKind = "wait"
	// Rejection is that a server rejected the token of a call; it ends at once. It has the
	// context of the call.
	Rejection OperationKind = "rejection"
	// Reading, Storing and Deleting are operations of the [Store].
	Reading  OperationKind = "read"
	Storing  OperationKind = "store"
	Deleting OperationKind = "delete"
	// Locking is the time until a [Locker] has locked the login, and Leasing the time that
	// it stays locked.
	Locking OperationKind = "lock"
	Leasing OperationKind = "lease"
	// Closing is the last operation of an Authenticator; it ends at once.
	Closing OperationKind = "close"
)

// Result is how an [Operation] ended.
type Result struct {
	// Err is why it failed; nil if it did not. It holds no token. That a store has no login
	// is no failure.
	Err error
	// Outcome says what a Renewal without an error led to; empty for other kinds.
	Outcome Outcome
}

// Outcome is what a renewal led to.
type Outcome string

// Outcomes of a renewal.
const (
	Refreshed Outcome = "refreshed" // the flow refreshed the login
	LoggedIn  Outcome = "logged_in" // the flow logged in
	Found     Outcome = "found"     // a login was there: stored by another program, or given by this one
	NoLogin   Outcome = "none"      // there is no other token, or none is needed
)

// WithObserver notifies o of what the Authenticator does; nil, the default, no observer.
// Calls that have a valid token cause no operation.
func WithObserver(o Observer) Option {
	return optionFunc(func(all *options) { all.observer = o })
}

// observed is where operations are reported. Nil and the zero value report none.
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

// during reports an operation with the context *ctx, which it replaces, and the error *err,
// which it reads when the function that it returns is called. Until the operation sets it,
// it is that of one that ended the goroutine.
//
//nolint:gocritic,fatcontext // the context is one of the operation, which has one line for all of this
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

// moment reports an operation that ends at once.
func (o *observed) moment(ctx context.Context, kind OperationKind) {
	_, end := o.begin(ctx, kind)
	end(Result{})
}

// locking reports the wait for a lock, which is no failure if it is not needed any more.
func (o *observed) locking(ctx context.Context) (context.Context, func(left bool, err error)) {
	ctx, end := o.begin(ctx, Locking)
	return ctx, func(left bool, err error) {
		if left {
			err = nil
		}
		end(Result{Err: err})
	}
}

// observe reports how long l is held, if it is.
func (l *lease) observe(ctx context.Context, o *observed) {
	if l.held != nil {
		_, l.ended = o.begin(ctx, Leasing)
	}
}

// start makes a ready for its first call.
func (a *Authenticator) start(o Observer) {
	a.renewal.seen = observed{o, a}
	a.renewal.storage.seen = &a.renewal.seen
	a.current.Store(notRead(0))
}

// observed is run, reported.
func (r *renewal) observed(ctx context.Context, t *task) (creds *Credentials, err error) {
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
	case t.adopted, t.session != nil, creds == t.given:
		return Found
	default:
		return Refreshed
	}
}

// join is await for a call, reported.
func (fs *flights) join(ctx context.Context, gen uint64, m mode) (*Credentials, error) {
	ctx, end := fs.renewal.seen.begin(ctx, Wait)
	creds, err := fs.await(ctx, gen, m)
	end(Result{Err: err})
	return creds, err
}

// rejection returns the current snapshot for a call that a server has just rejected.
func (a *Authenticator) rejection(ctx context.Context) *snapshot {
	a.renewal.seen.moment(ctx, Rejection)
	return a.current.Load()
}
