package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Authenticator holds the login of one identity at one endpoint and replaces it
// once for all callers.
//
// However many calls find the credential missing, expired or rejected, one
// request to the authorization server serves them all, and each of them still
// leaves when its own context ends. A credential that nears its end is renewed
// in the background while calls keep using it. A failure is remembered for about
// a second, so that a dead authorization server is asked once a second and not
// once a call.
//
// An Authenticator is safe for concurrent use.
type Authenticator struct {
	key     Key
	flow    Flow
	traits  Traits
	env     Env
	store   Store
	log     *slog.Logger
	skew    time.Duration
	initial *Credentials

	current atomic.Pointer[snapshot]

	mu      sync.Mutex // guards what follows; never held over I/O
	flight  *flight
	flights int // so far
	memory  memory
	stale   bool // the store does not hold current, but a login before it
	closed  chan struct{}
}

// New returns an Authenticator for the login that key names, obtained by f. It
// asks nobody and reads nothing before the first call.
func New(key Key, f Flow, env Env, opts ...Option) *Authenticator {
	a := &Authenticator{
		key:    key,
		flow:   f,
		traits: TraitsOf(f),
		env:    env,
		log:    env.Logger,
		closed: make(chan struct{}),
	}
	for _, o := range opts {
		o.apply(a)
	}
	if a.traits.Unstored {
		a.store = nil
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.env.Logger = a.log
	a.current.Store(unseen(0))
	return a
}

// Credentials returns what the next call should carry, or nil when it should go
// without: the server asks for nothing, or a person has to log in and the server
// has yet to insist. It blocks only while there is nothing usable.
//
// The error is an [*Error]. It never means that the server refused a call.
func (a *Authenticator) Credentials(ctx context.Context) (*Credentials, error) {
	s := a.current.Load()
	switch s.load() {
	case fresh:
		return s.creds, nil
	case soft:
		a.early(s)
		return s.creds, nil
	case hard:
		return a.nearEnd(ctx, s)
	case spent:
		return a.pastEnd(ctx, s)
	case bad:
		return a.join(ctx, s.gen, attended)
	default:
		return a.join(ctx, s.gen, unattended)
	}
}

// nearEnd serves a credential that is still good but not for long. Waiting for a
// better one must not make things worse, so trouble with it is not the caller's.
// Unless a skew was asked for, nobody waits for a renewal under way, and whoever
// starts one spends half of the time that is left for the call on it.
func (a *Authenticator) nearEnd(ctx context.Context, s *snapshot) (*Credentials, error) {
	wait := ctx
	if a.skew == 0 {
		if a.busy() {
			return s.creds, nil
		}
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			wait, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
			defer cancel()
		}
	}
	next, err := a.join(wait, s.gen, unattended)
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, ErrClosed):
		return next, err
	case s.load() < spent:
		return s.creds, nil
	default: // it has ended meanwhile, or was refused
		return a.Credentials(ctx)
	}
}

// pastEnd serves a credential that has ended by our clock. Where only a person
// can replace it, it goes out all the same: clocks differ, and the server's word
// is what a login may be asked for.
func (a *Authenticator) pastEnd(ctx context.Context, s *snapshot) (*Credentials, error) {
	next, err := a.join(ctx, s.gen, unattended)
	switch {
	case !errors.Is(err, ErrInteractionRequired):
		return next, err
	case s.load() == spent:
		return s.creds, nil
	default: // the server has spoken meanwhile
		return a.Credentials(ctx)
	}
}

// Refresh replaces stale, which the server has just rejected, and returns the
// replacement. When somebody else has replaced it already, that one is returned
// and nobody is asked. A nil stale is a call that went without credentials.
//
// This is where a person may be asked to log in. The error is an [*Error].
func (a *Authenticator) Refresh(ctx context.Context, stale *Credentials) (*Credentials, error) {
	s := a.current.Load()
	if s.creds != nil && !s.is(stale) {
		return a.Credentials(ctx)
	}
	if s.creds != nil {
		s.advance(bad) // from here on new calls wait instead of being rejected too
	}
	return a.join(ctx, s.gen, attended)
}

func (a *Authenticator) fail(op string, err error) *Error {
	return &Error{Op: op, Endpoint: a.key.Endpoint, Err: err}
}
