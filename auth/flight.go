package auth

import (
	"context"
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

// flight is one replacement under way. Its fields may be read once done is closed.
type flight struct {
	reach  reach
	cancel context.CancelFunc
	done   chan struct{}
	creds  *Credentials
	err    error
}

// join waits for a replacement of generation gen that went at least as far as r,
// starting one where none is under way. It leaves when ctx ends; the flight goes
// on for the others.
func (a *Authenticator) join(ctx context.Context, gen uint64, r reach) (*Credentials, error) {
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
		case <-ctx.Done():
			return nil, a.fail("wait for login", ctx.Err())
		}
		if f.reach >= r {
			return f.creds, f.err
		}
		if f.err == nil && (f.creds != nil || r < attended) {
			return f.creds, nil
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
	return a.launch(s, r), nil, nil
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
	ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // see above
	f := &flight{reach: r, cancel: cancel, done: make(chan struct{})}
	a.flight = f
	t := task{
		old:     s,
		reach:   r,
		refused: s.load() == bad && !a.memory.repeated,
		unsaved: a.unsaved,
	}
	go func() {
		defer cancel()
		out, err := a.replace(ctx, t)
		a.land(f, s, out, err)
	}()
	return f
}

// land publishes what a flight brought and lets its waiters go.
func (a *Authenticator) land(f *flight, s *snapshot, out outcome, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flight = nil
	switch {
	case a.isClosed():
		f.err = a.fail("login", ErrClosed)
	case err != nil:
		f.err = err
		a.memory.failed(f.reach, err, time.Now())
	default:
		f.creds = a.publish(s, out.creds)
		a.unsaved = out.unsaved
		a.memory.succeeded(out.repeated)
	}
	close(f.done)
}

// publish makes c the current credential; a.mu is held.
func (a *Authenticator) publish(old *snapshot, c *Credentials) *Credentials {
	now := time.Now()
	next := &snapshot{gen: old.gen + 1, born: now}
	if c != nil {
		stamped := *c
		stamped.gen = next.gen
		next.creds = &stamped
	}
	next.watch(now, a.skew)
	a.current.Store(next)
	old.stop()
	return next.creds
}
