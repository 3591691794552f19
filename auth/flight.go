package auth

import (
	"context"
	"errors"
	"time"
)

// reach is how far a replacement may go.
type reach int

const (
	background reach = iota // renew, nothing else
	unattended              // also log in where that needs nobody
	attended                // also ask a person
	forced                  // log in anew, whatever there is
)

var (
	errSelf = errors.New("a login that makes a call which needs that login would wait for itself;" +
		" let it make its calls without this Authenticator")
	errNoAnswer = errors.New("the flow or the store has ended its goroutine (runtime.Goexit) or panicked")
)

// flight is one replacement under way. Its result may be read once done is closed.
type flight struct {
	task

	cancel context.CancelFunc
	done   chan struct{}
	creds  *Credentials // nil: calls go without
	err    error
}

// serves tells whether how f ended is the answer to a caller who would have gone
// as far as r.
func (f *flight) serves(r reach) bool {
	switch {
	case f.reach >= r:
		return true
	case f.err != nil:
		return false
	case r == forced:
		return f.anew
	case r == attended:
		return f.creds != nil
	default:
		return true
	}
}

// flightOf is the context key that marks what a flight of its Authenticator does.
type flightOf struct{ *Authenticator }

// join waits for a replacement of generation gen that went at least as far as r,
// starting one where none is under way. It leaves when ctx ends; the flight goes
// on for the others.
func (a *Authenticator) join(ctx context.Context, gen uint64, r reach) (*Credentials, error) {
	if ctx.Value(flightOf{a}) != nil {
		return nil, a.fail("login", errSelf)
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, a.fail("wait for login", err)
		}
		f, creds, err := a.enter(gen, r)
		if f == nil {
			return creds, err
		}
		select {
		case <-f.done:
		case <-a.closed: // whatever the flow makes of being cancelled
			return nil, a.fail("login", ErrClosed)
		case <-ctx.Done():
			return nil, a.fail("wait for login", ctx.Err())
		}
		if f.serves(r) {
			return f.creds, f.err
		}
	}
}

// enter returns the flight to wait for, or what is to be said without one.
func (a *Authenticator) enter(gen uint64, r reach) (*flight, *Credentials, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isClosed() {
		return nil, nil, a.fail("login", ErrClosed)
	}
	s := a.current.Load()
	if s.gen != gen && s.creds != nil && s.load() < spent && r < forced {
		return nil, s.creds, nil
	}
	if a.flight != nil {
		return a.flight, nil, nil
	}
	if err := a.memory.remembered(r, time.Now()); err != nil {
		return nil, nil, err
	}
	return a.launch(s, a.memory.permitted(r)), nil, nil
}

// early starts a background renewal of s, unless one is under way, cannot be, or
// has failed a moment ago.
func (a *Authenticator) early(s *snapshot) {
	if !a.canRenew(s.creds, background) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.flight != nil || a.isClosed() || a.current.Load() != s || a.memory.resting(time.Now()) {
		return
	}
	a.launch(s, background)
}

func (a *Authenticator) busy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.flight != nil
}

func (a *Authenticator) isClosed() bool {
	select {
	case <-a.closed:
		return true
	default:
		return false
	}
}

// launch starts the flight; a.mu is held. The flight belongs to no caller, so it
// takes neither the deadline nor the metadata of the one that started it.
func (a *Authenticator) launch(s *snapshot, r reach) *flight {
	ctx := context.WithValue(context.Background(), flightOf{a}, true) //nolint:forbidigo // see above
	ctx, cancel := context.WithCancel(ctx)
	f := &flight{cancel: cancel, done: make(chan struct{})}
	f.reach, f.old, f.last, f.probation, f.stale = r, s, s.last, a.memory.repeated, a.stale
	if s.load() == unknown && a.initial != nil {
		f.given, f.last = a.initial, a.initial
	}
	a.flight = f
	a.flights++
	go func() {
		defer cancel()
		var creds *Credentials
		var err error = a.flightError("login", errNoAnswer)
		// Deferred, so that a flow or store that ends this goroutine leaves nobody
		// waiting. A panic goes on to end the program: it is not ours to hide.
		defer func() { a.land(f, creds, err) }()
		creds, err = a.replace(ctx, &f.task)
	}()
	return f
}

// land publishes what a flight brought and lets its waiters go.
func (a *Authenticator) land(f *flight, creds *Credentials, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flight = nil
	switch {
	case a.isClosed():
		f.err = a.fail("login", ErrClosed)
	case err != nil:
		f.err = err
		if creds != nil { // their refresh token is new
			a.publish(f, creds)
		}
		a.memory.failed(f.reach, err, time.Now())
	default:
		if !f.repeated && f.old.over(creds) {
			creds = nil // what is left of a login was refused before, or meanwhile
		}
		f.creds = a.publish(f, creds)
		a.memory.succeeded(f, time.Now())
	}
	close(f.done)
}

// publish makes creds, which f brought, the current ones; a.mu is held. A token
// that merely lost or changed its refresh token keeps its generation and state, so
// that whoever has it rejected is not told that it was replaced.
func (a *Authenticator) publish(f *flight, creds *Credentials) *Credentials {
	next := &snapshot{gen: f.old.gen + 1, last: f.old.last}
	if f.old.holds(creds) && (!f.repeated || f.err != nil) {
		next.gen = f.old.gen
		next.advance(f.old.load())
	}
	if creds != nil {
		stamped := *creds
		stamped.gen = next.gen
		next.creds, next.last = &stamped, &stamped
	}
	next.watch(time.Now(), a.skew)
	a.current.Store(next)
	a.stale = f.stale
	f.old.stop()
	return next.creds
}
