package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
)

// Authenticator caches the login of one identity at one endpoint and replaces it
// with a single request in flight.
//
// If many calls find the credentials missing, expired or rejected, one request to the
// authorization server serves them all, and each call still returns when its own context
// ends. A call in the last fifth of a token's lifetime, at most five minutes, starts a refresh
// in the background, from an instant on that differs from Authenticator to Authenticator, and
// calls keep using the token meanwhile. Without calls
// nothing is sent, and the next call after the expiry waits for a token. A failure is
// remembered for about a second, so that an authorization server that is down gets about one
// request a second, however many calls there are.
//
// An Authenticator is safe for concurrent use.
type Authenticator struct {
	flights
}

// New returns an Authenticator for the login that key names, obtained by f. A key
// without a Flow gets the Name of f's [Traits]; a ClientID or an Audience in the Traits
// replaces the one in key. New sends and reads nothing; the first call does.
func New(key Key, f Flow, env Env, opts ...Option) *Authenticator {
	o := options{log: env.Logger}
	for _, opt := range opts {
		opt.apply(&o)
	}
	o.log = cmp.Or(o.log, slog.New(slog.DiscardHandler))
	env.Logger = o.log
	traits := TraitsOf(f)
	key.Flow = cmp.Or(key.Flow, traits.Name)
	key.ClientID, key.Audience = cmp.Or(traits.ClientID, key.ClientID), cmp.Or(traits.Audience, key.Audience)
	if traits.Unstored {
		o.store = nil
	}
	a := &Authenticator{flights{
		renewal: &renewal{
			flow: f, traits: traits, env: env, log: o.log, clock: o.clock,
			scopes:  strings.Fields(cmp.Or(traits.Scope, o.scope)),
			storage: &storage{store: o.store, key: key, log: o.log, clock: o.clock},
		},
		skew: o.skew, initial: o.initial,
		closed: make(chan struct{}),
	}}
	a.renewal.report = reporter{o.observer, a}
	a.renewal.storage.report = &a.renewal.report
	a.current.Store(notRead(0))
	return a
}

// Credentials returns the credentials of the next call, or nil if that call should
// carry none: the server requires no login, or a person has to log in and the server
// has not rejected a call yet. It blocks only while there are no usable credentials.
//
// The error is an [*Error]. It never means that the server rejected a call.
func (a *Authenticator) Credentials(ctx context.Context) (*Credentials, error) {
	s := a.current.Load()
	switch s.load() {
	case fresh:
		return s.creds, nil
	case advisory:
		a.renewInBackground(s)
		return s.creds, nil
	case mandatory:
		return a.beforeExpiry(ctx, s)
	case expired:
		return a.afterExpiry(ctx, s)
	case rejected:
		return a.afterRejection(ctx, s)
	default:
		return a.join(ctx, s.gen, unattended)
	}
}

// beforeExpiry returns new credentials for some that are about to expire, or those
// themselves where the call cannot wait. Unless a skew was set, no call waits for a
// refresh under way, and the one that starts it waits for half of its remaining time.
func (a *Authenticator) beforeExpiry(ctx context.Context, s *snapshot) (*Credentials, error) {
	wait := ctx
	if a.skew == 0 {
		if a.busy() {
			return s.creds, nil
		}
		var cancel context.CancelFunc
		wait, cancel = half(ctx)
		defer cancel()
	}
	next, err := a.join(wait, s.gen, unattended)
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, ErrClosed):
		return next, err
	case s.load() < expired:
		return s.creds, nil
	default: // expired or rejected during the wait
		return a.Credentials(ctx)
	}
}

// afterRejection returns new credentials for some that a server rejected a moment ago, or
// those themselves where there are no others: they have not expired, and another server, or
// another method, may take them.
func (a *Authenticator) afterRejection(ctx context.Context, s *snapshot) (*Credentials, error) {
	wait, cancel := ctx, context.CancelFunc(func() {})
	if s.usable() {
		wait, cancel = half(ctx)
	}
	defer cancel()
	next, err := a.join(wait, s.gen, interactive)
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, ErrClosed), errors.Is(err, errDeadlock):
		return next, err
	case a.current.Load() != s: // no replacement can be had now
		return a.Credentials(ctx)
	case wait.Err() == nil:
		return nil, err
	case s.usable():
		return s.creds, nil
	default:
		return a.join(ctx, s.gen, interactive)
	}
}

// afterExpiry returns new credentials for some that have expired by this machine's
// clock. If only a person can replace them, calls still carry them: clocks differ, and
// only a rejection by the server is a reason to ask for a login.
func (a *Authenticator) afterExpiry(ctx context.Context, s *snapshot) (*Credentials, error) {
	next, err := a.join(ctx, s.gen, unattended)
	switch {
	case !errors.Is(err, ErrInteractionRequired):
		return next, err
	case s.load() == expired:
		return s.creds, nil
	default: // rejected during the wait
		return a.Credentials(ctx)
	}
}

// Refresh replaces stale, which the server has just rejected, and returns the
// replacement. If it was replaced already, it returns the replacement without a request.
// A nil stale means that the call went without credentials.
//
// An interactive flow may ask a person to log in here. The error is an [*Error]. It is also
// [ErrNotReplaced] if stale has not expired: then other calls still carry it, since another
// server, or another method, may take it.
func (a *Authenticator) Refresh(ctx context.Context, stale *Credentials) (*Credentials, error) {
	a.renewal.report.moment(ctx, Rejection)
	s := a.current.Load()
	if s.creds != nil && !s.published(stale) {
		return a.Credentials(ctx)
	}
	if s.creds != nil && !s.reinstated {
		s.advance(rejected) // from here on new calls wait instead of being rejected too
	}
	next, err := a.join(ctx, s.gen, interactive)
	if err != nil && ctx.Err() == nil && s.usable() && !errors.Is(err, ErrClosed) {
		return nil, asNotReplaced(err)
	}
	return next, err
}
