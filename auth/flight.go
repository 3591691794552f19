package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

var errDeadlock = errors.New("login deadlock: the flow made an RPC that this Authenticator authenticates;" +
	" use a separate connection for it")

// flight is one renewal under way. Its result may be read once done is closed.
type flight struct {
	task

	cancel context.CancelFunc
	done   chan struct{}
	creds  *Credentials // nil: calls go without
	stale  bool         // a server has rejected creds
	err    error
}

// serves reports whether the result of f answers a caller who asks for a renewal in
// mode m.
func (f *flight) serves(m mode) bool {
	switch {
	case f.mode >= m:
		return true
	case f.err != nil, f.mode == storeOnly, f.entry.loggedOut && f.creds == nil:
		return false
	case m == newLogin:
		return f.isLogin
	case m == interactive:
		return f.creds != nil && !f.stale
	default:
		return true
	}
}

// flights runs one renewal at a time and publishes its result. (A flight continues when
// the caller who started it leaves, serves callers in several modes, and ends with Close,
// which x/sync's singleflight cannot do.)
type flights struct {
	renewal *renewal
	skew    time.Duration
	current atomic.Pointer[snapshot]
	closed  chan struct{}

	mu       sync.Mutex // guards what follows; never held over I/O
	flight   *flight
	count    int // of flights so far that may have changed the login
	backoff  backoff
	initial  *Credentials
	entry    entry
	unsaved  *Credentials // the current login, to be stored once the store is back; see entry
	watching watching
}

// flightOf is the context key of everything that runs within a flight.
type flightOf struct{ *flights }

// await waits for a replacement of generation gen in mode m or above, and starts one if
// none is under way. It returns when ctx ends; the flight continues for the other
// callers.
func (fs *flights) await(ctx context.Context, gen uint64, m mode) (*Credentials, error) {
	if ctx.Value(flightOf{fs}) != nil {
		return nil, fs.fail("login", errDeadlock)
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, fs.fail("wait for login", err)
		}
		f, creds, err := fs.enter(gen, m, false)
		if err != nil && fs.renewal.hasAnother(ctx, fs.current.Load()) {
			f, creds, err = fs.enter(gen, m, true)
		}
		if f == nil {
			return creds, err
		}
		select {
		case <-f.done:
		case <-fs.closed: // even if the flow ignores its context
			return nil, fs.fail("login", ErrClosed)
		case <-ctx.Done():
			return nil, fs.fail("wait for login", ctx.Err())
		}
		if f.serves(m) {
			return f.creds, f.err
		}
	}
}

// enter returns the flight to wait for, or the answer; earlier failures do not count if changed.
func (fs *flights) enter(gen uint64, m mode, changed bool) (*flight, *Credentials, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if isClosed(fs.closed) {
		return nil, nil, fs.fail("login", ErrClosed)
	}
	s := fs.current.Load()
	if s.gen != gen && s.creds != nil && s.load() < expired && m < newLogin {
		return nil, s.creds, nil
	}
	if fs.flight != nil {
		return fs.flight, nil, nil
	}
	if changed {
		fs.backoff.forgive()
	}
	now := fs.renewal.clock.Read()
	err := fs.backoff.remembered(m, now)
	if err == nil && m == interactive && s.wasRejected() {
		if tooSoon := fs.backoff.pace.mayReplace(now); tooSoon != nil {
			err = fs.renewal.fail("renew", tooSoon)
		}
	}
	if err != nil {
		reinstate(&fs.current)
		return nil, nil, err
	}
	return fs.launch(s, fs.backoff.permitted(m), nil), nil, nil
}

// renewInBackground starts a refresh of s, unless one is under way, is impossible, or failed a
// moment ago.
func (fs *flights) renewInBackground(s *snapshot) {
	if !fs.renewal.canRenew(s.creds, renewOnly) {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.flight != nil || isClosed(fs.closed) || fs.current.Load() != s || fs.backoff.suspended(fs.renewal.clock.Read()) {
		return
	}
	fs.launch(s, renewOnly, nil)
}

// launch starts a flight, for a renewed session if there is one; fs.mu is held. The flight
// belongs to no caller: it has neither the deadline nor the metadata of the first.
func (fs *flights) launch(s *snapshot, m mode, session *Credentials) *flight {
	ctx := context.WithValue(context.Background(), flightOf{fs}, true) //nolint:forbidigo // see above
	ctx, cancel := context.WithCancel(ctx)
	f := &flight{task: task{mode: m, old: s, last: s.last, session: session}, cancel: cancel, done: make(chan struct{})}
	if s.load() == unread && fs.initial != nil {
		f.given, f.last = fs.initial, fs.initial
	}
	f.entry = fs.handOver(m, f.last)
	f.critical.Store(session != nil || m == storeOnly && f.entry.outdated)
	fs.flight = f
	if m != storeOnly {
		fs.count++
	}
	go func() {
		defer cancel()
		var creds *Credentials
		var err error = fs.renewal.fail("login", errNoAnswer)
		// Deferred, so that no caller waits for a flow or store that ends this goroutine.
		defer func() {
			fs.land(f, creds, err)
			quietly(f.entry.lock.release) // where Close came before it could be kept
		}()
		var panicked error
		defer func() {
			if panicked != nil {
				creds, err = nil, fs.renewal.fail("login", panicked)
			}
		}()
		defer recovered(ctx, fs.renewal.log, "the login", &panicked)
		fs.watch(ctx)
		creds, err = fs.renewal.runObserved(ctx, &f.task)
		if f.entry.loggedOut && s.creds != nil {
			fs.renewal.log.InfoContext(ctx, "the login was deleted by a logout of another process")
		}
	}()
	return f
}

// land publishes the result of a flight and releases its callers.
func (fs *flights) land(f *flight, creds *Credentials, err error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.flight = nil
	if f.entry.loggedOut && !isClosed(fs.closed) {
		fs.drop(f.old)
	}
	switch {
	case isClosed(fs.closed):
		f.err = fs.fail("login", ErrClosed)
	case f.mode == storeOnly:
		fs.compared(f, creds, err)
	case f.entry.loggedOut && creds == nil && f.mode == renewOnly: // the next call may log in
	case err != nil:
		f.err = err
		switch { // credentials beside an error hold a new refresh token
		case creds == nil:
		case creds.AccessToken == "":
			fs.initial, fs.entry.outdated = creds, f.entry.outdated
		default:
			fs.publish(f, creds)
		}
		fs.backoff.failed(f.mode, err, fs.renewal.clock.Read())
		reinstate(&fs.current)
	default:
		f.stale = !f.repeated && f.old.wasDiscarded(creds) // rejected before, or during the flight
		if f.stale && f.old.creds == nil {
			creds = nil
		}
		f.creds = fs.publish(f, creds)
		if f.session == nil { // an adoption asked the authorization server nothing
			fs.backoff.succeeded(&f.task, f.creds != nil, fs.renewal.clock.Read())
		}
	}
	fs.takeOver(f)
	close(f.done)
}

// publish makes creds, the result of f, the current ones; fs.mu is held. A token
// that merely lost or changed its refresh token keeps its generation and state, so
// that a caller whose call was rejected with it is not told that it was replaced.
func (fs *flights) publish(f *flight, creds *Credentials) *Credentials {
	next := &snapshot{gen: f.old.gen + 1, last: f.old.last, byPerson: f.isLogin && fs.renewal.traits.Interactive}
	next.continues(&f.task)
	fromStore := f.fromStore
	if f.old.sameToken(creds) && (!f.repeated || f.err != nil) {
		next.gen, fromStore = f.old.gen, f.old.creds.fromStore
		next.inherit(f.old)
		next.advance(f.old.load())
	}
	if creds != nil {
		stamped := *creds
		stamped.gen, stamped.fromStore = next.gen, fromStore
		next.creds, next.last = &stamped, &stamped
	}
	next.schedule(fs.renewal.clock, fs.skew)
	fs.current.Store(next)
	fs.entry.outdated = f.entry.outdated
	return next.creds
}

func (fs *flights) fail(op string, err error) *Error {
	return &Error{Op: op, Endpoint: fs.renewal.storage.key.Endpoint, Err: err}
}
