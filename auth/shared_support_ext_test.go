package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

var errAway = errors.New("connection refused")

// central is a store that machines share: it knows a logout from a lost login, locks, and
// tells every machine of changes that others make.
type central struct {
	mu      sync.Mutex
	login   *auth.Credentials // nil: none
	deleted bool              // by a logout
	holder  *centralLease
	freed   chan struct{} // closed when the lock becomes free, or may be of no use any more
	ports   []*port
	reads   int
	writes  int // attempts
	puts    int // that changed it
	locks   int // attempts
}

func newCentral(login *auth.Credentials) *central {
	return &central{login: login, freed: make(chan struct{})}
}

// port is the store as one machine sees it.
type port struct {
	*central

	away     bool          // nothing arrives
	readOnly bool          // writes fail, everything else arrives
	hangs    bool          // nothing arrives, and nothing says so
	silent   bool          // changes are not told
	slow     time.Duration // is the answer to a read

	told chan struct{} // nil: not watched
	gone chan struct{}
}

func (c *central) port() *port {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &port{central: c}
	c.ports = append(c.ports, p)
	return p
}

func (p *port) set(change func(p *port)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
	p.tell()
}

// reach is the way to the store; p.mu is held when it returns.
func (p *port) reach(ctx context.Context) error {
	p.mu.Lock()
	if p.hangs {
		p.mu.Unlock()
		<-ctx.Done()
		p.mu.Lock()
		return ctx.Err()
	}
	if p.away {
		return errAway
	}
	return nil
}

// tell has the machine look at the store; mu is held.
func (p *port) tell() {
	if p.told == nil || p.away || p.hangs || p.silent {
		return
	}
	select {
	case p.told <- struct{}{}:
	default:
	}
}

// changed tells all machines but from; mu is held.
func (c *central) changed(from *port) {
	for _, p := range c.ports {
		if p != from {
			p.tell()
		}
	}
	close(c.freed)
	c.freed = make(chan struct{})
}

func (p *port) Store(ctx context.Context, _ auth.Key, c *auth.Credentials) error {
	defer p.mu.Unlock()
	err := p.reach(ctx)
	p.writes++
	if err == nil && p.readOnly {
		err = errors.New("out of memory")
	}
	if err == nil {
		p.put(c)
	}
	return err
}

func (p *port) put(c *auth.Credentials) {
	kept := *c
	p.login, p.deleted = &kept, false
	p.puts++
	p.changed(p)
}

func (p *port) Swap(ctx context.Context, _ auth.Key, oldID string, next *auth.Credentials) (bool, error) {
	defer p.mu.Unlock()
	err := p.reach(ctx)
	p.writes++
	switch {
	case err != nil:
		return false, err
	case p.readOnly:
		return false, errors.New("out of memory")
	case p.deleted, p.login.ID() != oldID:
		return false, nil
	}
	p.put(next)
	return true, nil
}

func (p *port) Retrieve(ctx context.Context, _ auth.Key) (*auth.Credentials, error) {
	kept, late, err := p.read(ctx)
	if err == nil && late > 0 {
		err = sleep(ctx, late)
	}
	return kept, err
}

func (p *port) read(ctx context.Context) (kept *auth.Credentials, late time.Duration, err error) {
	defer p.mu.Unlock()
	err = p.reach(ctx)
	p.reads++
	switch {
	case err != nil:
		return nil, 0, err
	case p.deleted:
		return nil, 0, auth.ErrLoggedOut
	case p.login == nil:
		return nil, 0, auth.ErrNoCredentials
	}
	login := *p.login
	return &login, p.slow, nil
}

func (p *port) Delete(ctx context.Context, _ auth.Key) error {
	defer p.mu.Unlock()
	if err := p.reach(ctx); err != nil {
		return err
	}
	p.login, p.deleted = nil, true
	p.changed(p)
	return nil
}

func (p *port) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return p.LockUnless(ctx, k, func() bool { return false })
}

func (p *port) LockUnless(ctx context.Context, _ auth.Key, done func() bool) (auth.Lease, error) {
	for {
		err := p.reach(ctx)
		p.locks++
		if err != nil {
			p.mu.Unlock()
			return nil, fmt.Errorf("%w: %w", auth.ErrLeaseRequired, err)
		}
		if p.holder == nil {
			l := &centralLease{c: p.central, lost: make(chan struct{})}
			p.holder = l
			p.mu.Unlock()
			return l, nil
		}
		freed := p.freed
		p.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: another holder keeps it: %w", auth.ErrLeaseRequired, ctx.Err())
		}
		if done() {
			return nil, errors.New("not needed any more")
		}
	}
}

func (p *port) Watch(_ auth.Key, changed func()) (stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	told, gone := make(chan struct{}, 1), make(chan struct{})
	p.told, p.gone = told, gone
	go func() {
		defer close(gone)
		for range told {
			changed()
		}
	}()
	return func() {
		p.mu.Lock()
		p.told = nil
		p.mu.Unlock()
		close(told)
		<-gone
	}
}

type centralLease struct {
	c    *central
	lost chan struct{}
}

func (l *centralLease) Lost() <-chan struct{} { return l.lost }

func (l *centralLease) Unlock() {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	if l.c.holder == l {
		l.c.holder = nil
		l.c.changed(nil)
	}
}

// lapse takes the lock from its holder.
func (c *central) lapse() {
	c.mu.Lock()
	l := c.holder
	c.mu.Unlock()
	close(l.lost)
	l.Unlock()
}

// hold takes the lock, as a machine does that then stops.
func (c *central) hold(t *testing.T) auth.Lease {
	t.Helper()
	l, err := c.port().Lock(t.Context(), testKey)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// stored returns the access token in the store; "none", or "logged out".
func (c *central) stored() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.deleted:
		return "logged out"
	case c.login == nil:
		return "none"
	default:
		return c.login.AccessToken
	}
}

// became replaces what is stored, and tells all machines.
func (c *central) became(login *auth.Credentials, deleted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.login, c.deleted = login, deleted
	c.changed(nil)
}

// counts returns the number of reads and writes so far.
func (c *central) counts() (reads, writes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads, c.writes
}

// changes returns how many writes changed what is stored.
func (c *central) changes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.puts
}

// rotatingServer is a person's flow at a server that rotates refresh tokens, and takes a
// used one for theft: it ends the login. Its access tokens last an hour.
type rotatingServer struct {
	latency time.Duration
	err     error // of every request; nil: none

	mu       sync.Mutex
	requests int
	asked    int // of people
	newest   string
	stolen   bool
}

func (s *rotatingServer) Traits() auth.Traits { return auth.Traits{Interactive: true} }

func (s *rotatingServer) issue() *auth.Credentials {
	c := issue(fmt.Sprint("access-", s.requests), time.Hour)
	c.RefreshToken = fmt.Sprint("refresh-", s.requests)
	s.newest = c.RefreshToken
	return c
}

func (s *rotatingServer) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked++; s.err != nil {
		return nil, s.err
	}
	s.requests, s.stolen = s.requests+100, false
	return s.issue(), nil
}

func (s *rotatingServer) Renew(ctx context.Context, _ auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	if err := sleep(ctx, s.latency); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	switch {
	case s.err != nil:
		return nil, s.err
	case s.stolen, prev.RefreshToken != s.newest:
		s.stolen = true
		return nil, fmt.Errorf("%w: %s was used before", auth.ErrRejected, prev.RefreshToken)
	}
	return s.issue(), nil
}

// sharedLogin returns a server and the store of its first login, which is good for an hour.
func sharedLogin(latency time.Duration) (*rotatingServer, *central) {
	s := &rotatingServer{latency: latency}
	return s, newCentral(s.issue())
}

// count returns how many requests the server has had.
func (s *rotatingServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// slowAgain is a port whose second answer takes two seconds.
type slowAgain struct {
	*port

	n atomic.Int32
}

func (s *slowAgain) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	kept, err := s.port.Retrieve(ctx, k)
	if s.n.Add(1) == 2 {
		_ = sleep(ctx, 2*time.Second)
	}
	return kept, err
}
