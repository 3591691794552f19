package redisstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/clock"
)

// Store stores logins in Redis. It is safe for concurrent use. [New] makes it, and Close
// ends what it has started.
//
// Beside [auth.Store] it is an [auth.Queue], [auth.Swapper], [auth.Discarder], [auth.Finder],
// [auth.Lister], [auth.Locator], [auth.Persister] and [auth.Watcher].
//
// A Store remembers, sealed, the newest record of each login that it has read or written. If
// Redis has an older one, or none, because it was restored from a dump or a replica took
// over that lacked the last writes, the Store puts it back.
type Store struct {
	client   redis.UniversalClient
	keys     *keyring
	opts     options
	instance string // random; no two Stores have the same
	clock    clock.Clock
	slots    chan struct{}
	scripts  scripts
	outage   outage

	seen  seen
	turns turns
	hub   *hub
	life  *life
}

var (
	_ auth.Queue     = (*Store)(nil)
	_ auth.Swapper   = (*Store)(nil)
	_ auth.Discarder = (*Store)(nil)
	_ auth.Finder    = (*Store)(nil)
	_ auth.Lister    = (*Store)(nil)
	_ auth.Locator   = (*Store)(nil)
	_ auth.Persister = (*Store)(nil)
	_ auth.Watcher   = (*Store)(nil)
)

// New returns a Store over client, which stays the caller's to close, after the Store. It
// sends nothing. All programs that share logins need the same keys and the same prefix.
//
// The client must read from masters: not with ReadOnly, RouteByLatency or RouteRandomly of a
// Cluster. A *redis.Ring cannot be used.
func New(client redis.UniversalClient, keys Keys, opts ...Option) *Store {
	instance := make([]byte, 16)
	_, _ = rand.Read(instance) // never fails
	s := &Store{
		client: client, keys: &keyring{source: keys}, opts: defaults(), instance: hex.EncodeToString(instance),
		slots: make(chan struct{}, inFlight), scripts: newScripts(), life: newLife(),
	}
	for _, o := range opts {
		o.apply(&s.opts)
	}
	s.keys.limit = s.opts.limit
	s.hub = newHub(s)
	return s
}

// Close ends the connection for notifications and the extension of leases, and waits until
// they have ended, but for what the client itself does not end before its time limits, such as
// the opening of a connection to a server that does not answer. Later operations return
// [ErrClosed]. It does not close the client.
func (s *Store) Close() error {
	s.life.stop()
	s.life.work.Wait()
	return nil
}

// Store stores c under k, as the login that a person has made last: in the next generation,
// so that no process which knows older ones only can replace it. The error wraps
// [ErrLeaseLost] where the caller held the lease of k, lost it, and another process has
// changed the login since.
func (s *Store) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	if err := auth.CheckStorable(k, c); err != nil {
		return failed(opStore, k, err)
	}
	_, err := s.write(ctx, s.place(k), nil, func(v *view) (*draft, error) {
		if v.overtaken() {
			return nil, ErrLeaseLost
		}
		return &draft{kind: isLogin, version: v.nextGeneration(), login: c}, nil
	})
	if err != nil {
		return failed(opStore, k, err)
	}
	return nil
}

// Swap stores next under k if the login there has the ID oldID, and reports whether it did.
// It does not where a person has logged out or in since Retrieve has read the login of k.
// Where Redis does not answer, Swap returns an error, and the Store stores next once it can
// be reached, unless it has something newer by then.
func (s *Store) Swap(ctx context.Context, k auth.Key, oldID string, next *auth.Credentials) (bool, error) {
	if err := auth.CheckStorable(k, next); err != nil {
		return false, failed(opStore, k, err)
	}
	p := s.place(k)
	known, told := s.seen.get(p), s.seen.knows(p)
	first, err := s.succeed(ctx, p, known, oldID, next)
	if err != nil {
		s.postpone(p, first, err)
		return false, failed(opStore, k, err)
	}
	swapped, err := s.write(ctx, p, first, func(v *view) (*draft, error) {
		switch {
		case v.trouble != nil:
			return nil, v.trouble
		case v.hidden(told), v.id() != oldID:
			return nil, errNotSwapped
		case v.current == nil || v.current.kind == isLogout:
			return &draft{kind: isLogin, version: v.nextGeneration(), login: next}, nil
		default:
			return &draft{kind: isLogin, version: v.nextRevision(), login: next}, nil
		}
	})
	if err != nil {
		s.postpone(p, first, err)
		return false, failed(opStore, k, err)
	}
	return swapped, nil
}

// Retrieve returns what is stored under k. The error wraps [auth.ErrLoggedOut] after Delete,
// [auth.ErrNoCredentials] alone if there is nothing, and [ErrUnreadable] if there is
// something that cannot be opened.
func (s *Store) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	p := s.place(k)
	e, err := s.current(ctx, p)
	if e != nil {
		s.seen.tell(p, e.gen)
	}
	switch {
	case err != nil:
	case e == nil || e.kind == isDiscarded:
		err = auth.ErrNoCredentials
	case e.kind == isLogout:
		err = auth.ErrLoggedOut
	case e.later != nil:
		err = e.later
	default:
		return e.login, nil
	}
	return nil, failed(opRetrieve, k, err)
}

// Delete deletes what is stored under k and stores that this was on purpose, in the next
// generation: no other process puts the login back.
func (s *Store) Delete(ctx context.Context, k auth.Key) error {
	_, err := s.write(ctx, s.place(k), nil, func(v *view) (*draft, error) {
		return &draft{kind: isLogout, version: v.nextGeneration()}, nil
	})
	if err != nil {
		return failed(opDelete, k, err)
	}
	return nil
}

// Discard deletes the login under k if it has the refresh token of dead.
func (s *Store) Discard(ctx context.Context, k auth.Key, dead *auth.Credentials) error {
	_, err := s.write(ctx, s.place(k), nil, func(v *view) (*draft, error) {
		switch {
		case v.trouble != nil:
			return nil, v.trouble
		case v.current == nil || v.current.login == nil || v.current.login.RefreshToken != dead.RefreshToken:
			return nil, errNotSwapped
		}
		return &draft{kind: isDiscarded, version: v.nextRevision()}, nil
	})
	if err != nil {
		return failed(opDelete, k, err)
	}
	return nil
}

// Persistent returns true: logins outlive the process.
func (s *Store) Persistent() bool { return true }

// Location returns the name of the key in Redis that has the login of k.
func (s *Store) Location(k auth.Key) string { return "redis (" + s.place(k).group + ")" }

// Format writes where the Store stores logins, for every verb.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "redisstore (%s)", s.opts.prefix) }
