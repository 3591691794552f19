package auth

import "context"

// Observer is notified of what an [Authenticator] does, for metrics and traces. See
// [WithObserver].
type Observer interface {
	// Begin is called when op begins. It returns the context with which op goes on, which is
	// ctx or derived from it, and a function that is called once, when op has ended; either
	// may be nil. Both are called from many goroutines and must not block. Of the methods of
	// op.Login they may call Status only. A panic of theirs is dropped and changes nothing.
	Begin(ctx context.Context, op Operation) (context.Context, func(Result))
}

// Operation is something that an Authenticator does.
type Operation struct {
	// Kind says what it does.
	Kind OperationKind
	// Login is the Authenticator that does it. The key in its Status may name a user.
	Login *Authenticator
}

// OperationKind is a kind of [Operation].
type OperationKind string

// Kinds of operations. A renewal contains a refresh or a login, and operations of the store.
const (
	// Renewal is one replacement of a login, which serves all calls that wait for it: from
	// reading the store until the result is stored. The first call of an Authenticator starts
	// one, and so does every call that finds no valid token and none under way.
	Renewal OperationKind = "renewal"
	// Refreshing and LoggingIn are what the flow does in a renewal: the requests to the
	// authorization server, and a person's time.
	Refreshing OperationKind = "refresh"
	LoggingIn  OperationKind = "login"
	// Wait is the time that one call without a valid token waits for one, or that Login
	// takes. Begin gets the context of the call.
	Wait OperationKind = "wait"
	// Rejection reports that a server rejected the token of a call; it ends at once. Begin
	// gets the context of the call.
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

// Result is how an [Operation] ended. The zero value is a success.
type Result struct {
	// Err is why it failed, without any token; nil if it succeeded. To find no login in a
	// store is a success.
	Err error
	// Outcome is what a successful Renewal led to; empty for failures and for other kinds.
	Outcome Outcome
}

// Outcome is what a renewal led to.
type Outcome string

// Outcomes of a renewal.
const (
	Refreshed Outcome = "refreshed" // the flow refreshed the login
	LoggedIn  Outcome = "logged_in" // the flow logged in
	Found     Outcome = "found"     // a login was there: stored by another program, or given by this one
	NoLogin   Outcome = "none"      // there is no token other than the one before, or none is needed
)

// WithObserver notifies o of what the Authenticator does; nil, the default, notifies none.
// A call that has a valid token causes no operation.
func WithObserver(o Observer) Option {
	return optionFunc(func(all *options) { all.observer = o })
}
