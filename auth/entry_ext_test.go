package auth_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// renewedUnstored returns an Authenticator whose login was renewed a moment ago, while
// trouble kept the result from being stored.
func renewedUnstored(t *testing.T, server *rotatingServer, c *central, trouble func(p *port)) (*auth.Authenticator, *port) {
	t.Helper()
	p := c.port()
	a := newAuthenticator(t, server, auth.WithStore(p))
	stale, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.latency = time.Second
	go func() {
		time.Sleep(time.Second / 2) // the request is under way
		p.set(trouble)
	}()
	if got, err := a.Refresh(t.Context(), stale); err != nil || got.AccessToken != "access-1" || c.stored() != "access-0" {
		t.Fatalf("renewed to %v, %v; the store holds %q", got, err, c.stored())
	}
	server.latency = 0
	return a, p
}

func readOnly(p *port) { p.readOnly = true }
func away(p *port)     { p.away = true }
func well(p *port)     { p.away, p.readOnly = false, false }

// What was renewed while the store was away is stored when it is back: at once where the
// store tells it, otherwise within the time between two tries.
func TestRenewedLoginIsStoredWhenTheStoreIsBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trouble func(p *port)
		silent  bool
		lasts   time.Duration
		late    time.Duration
	}{
		"soon":              {away, true, 5 * time.Second, 8 * time.Second},
		"after half a day":  {away, true, 40 * time.Minute, time.Minute},
		"told":              {away, false, 40 * time.Minute, 0},
		"it took no writes": {readOnly, true, 5 * time.Second, 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(0)
				a, p := renewedUnstored(t, server, c, tt.trouble)
				c.mu.Lock()
				p.silent = tt.silent
				c.mu.Unlock()
				_, before := c.counts()
				time.Sleep(tt.lasts)
				if _, n := c.counts(); n-before > 50 {
					t.Errorf("%d tries to store it in %v", n-before, tt.lasts)
				}
				p.set(well)
				synctest.Wait()
				time.Sleep(tt.late)
				if got := c.stored(); got != "access-1" {
					t.Errorf("the store holds %q", got)
				}
				if st := a.Status(); st.Stored == "memory" {
					t.Errorf("Status: %v", st)
				}
				_, n := c.counts()
				time.Sleep(10 * time.Minute)
				if _, after := c.counts(); after != n {
					t.Errorf("%d writes after it was stored", after-n)
				}
				if got := token(t, a); got != "access-1" || server.count() != 1 {
					t.Errorf("calls carry %q after %d requests", got, server.count())
				}
			})
		})
	}
}

// During the first tries the lock is kept, so that no other machine sends the refresh token
// that was used.
func TestLockIsKeptUntilTheRenewedLoginIsStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		_, p := renewedUnstored(t, server, c, readOnly)
		other := newAuthenticator(t, server, auth.WithStore(c.port()))
		go func() {
			time.Sleep(5 * time.Second)
			p.set(func(p *port) { p.readOnly = false })
		}()
		stale, err := other.Credentials(t.Context())
		if err != nil || stale.AccessToken != "access-0" {
			t.Fatal(stale, err)
		}
		got, err := other.Refresh(t.Context(), stale)
		if err != nil || got.AccessToken != "access-1" || server.count() != 1 || server.stolen {
			t.Errorf("another machine got %v, %v after %d requests; taken for theft: %v", got, err, server.count(), server.stolen)
		}
	})
}

// After a long outage the others, who find the lock free, wait a moment for what was renewed
// meanwhile.
func TestFirstRenewalAfterAnOutageWaitsForWhatIsUnstored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		_, p := renewedUnstored(t, server, c, away)
		other := c.port()
		b := newAuthenticator(t, server, auth.WithStore(other))
		stale, _ := b.Credentials(t.Context())
		other.set(away)
		time.Sleep(50 * time.Minute)
		if _, err := b.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrLeaseRequired) {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		other.set(well)
		synctest.Wait()
		start := time.Now()
		go func() {
			time.Sleep(200 * time.Millisecond)
			p.set(well)
		}()
		got, err := b.Refresh(t.Context(), stale)
		if err != nil || got.AccessToken != "access-1" || server.count() != 1 || time.Since(start) > time.Second {
			t.Errorf("got %v, %v after %d requests and %v", got, err, server.count(), time.Since(start))
		}
	})
}

// It is not kept for ever, and a flight that begins meanwhile uses it.
func TestLockIsReleasedInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		a, _ := renewedUnstored(t, server, c, readOnly)
		start := time.Now()
		stale, _ := a.Credentials(t.Context())
		a.Accepted(stale)
		if got, err := a.Refresh(t.Context(), stale); err != nil || got.AccessToken != "access-2" || time.Since(start) != 0 {
			t.Errorf("the next renewal: %v, %v after %v", got, err, time.Since(start))
		}
		l, err := c.port().Lock(t.Context(), testKey)
		if took := time.Since(start); err != nil || took < 5*time.Second || took > 30*time.Second {
			t.Fatalf("locked after %v: %v", took, err)
		}
		l.Unlock()
	})
}

// What is newer in the store is used instead, and a logout ends what could not be stored.
func TestUnstoredLoginGivesWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		happens func(server *rotatingServer, c *central)
		stored  string
		carried string // "": calls go without
	}{
		"to a newer login": {func(server *rotatingServer, c *central) {
			login, _ := server.Obtain(context.Background(), auth.Env{}, nil)
			c.became(login, false)
		}, "access-101", "access-101"},
		"to a logout":                    {func(_ *rotatingServer, c *central) { c.became(nil, true) }, "logged out", ""},
		"but not to nothing":             {func(_ *rotatingServer, c *central) { c.became(nil, false) }, "access-1", "access-1"},
		"and not to one that was before": {func(_ *rotatingServer, c *central) { c.became(issue("older", 10*time.Hour), false) }, "access-1", "access-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(0)
				older := time.Now().Add(-time.Minute)
				a, p := renewedUnstored(t, server, c, away)
				time.Sleep(time.Minute)
				tt.happens(server, c)
				c.mu.Lock()
				if c.login != nil && c.login.AccessToken == "older" {
					c.login.IssuedAt = older
				}
				c.mu.Unlock()
				p.set(well)
				synctest.Wait()
				if got := token(t, a); got != tt.carried || c.stored() != tt.stored {
					t.Errorf("calls carry %q, want %q; the store holds %q, want %q", got, tt.carried, c.stored(), tt.stored)
				}
			})
		})
	}
}

// Close stores a last time, and waits three seconds for that at most.
func TestCloseStoresWhatCouldNotBeStored(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		then   func(p *port)
		stored string
		took   time.Duration
	}{
		"the store is back":  {well, "access-1", 0},
		"it is still away":   {func(*port) {}, "access-0", 0},
		"it does not answer": {func(p *port) { p.hangs = true }, "access-0", 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(0)
				a, p := renewedUnstored(t, server, c, away)
				p.mu.Lock() // without a word
				tt.then(p)
				p.mu.Unlock()
				start := time.Now()
				if err := a.Close(); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took != tt.took || c.stored() != tt.stored {
					t.Errorf("took %v, the store holds %q", took, c.stored())
				}
				synctest.Wait()
				_, n := c.counts()
				time.Sleep(time.Hour)
				if _, after := c.counts(); after != n {
					t.Errorf("%d tries after Close", after-n)
				}
			})
		})
	}
}

// A store that has lost the login in the middle of its renewal gets the next one.
func TestLoginThatTheStoreLostIsStoredAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deleted bool
		stored  string
		carried string
	}{
		"lost":       {false, "access-1", "access-1"},
		"logged out": {true, "logged out", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(time.Second)
				a := newAuthenticator(t, server, auth.WithStore(c.port()))
				token(t, a)
				time.Sleep(2 * time.Hour)
				go func() {
					time.Sleep(time.Second / 2)
					c.became(nil, tt.deleted)
				}()
				if got := token(t, a); got != tt.carried || c.stored() != tt.stored {
					t.Errorf("a call carries %q, the store holds %q", got, c.stored())
				}
			})
		})
	}
}

// Of the logins that machines made while the store was away one is stored, and the next one is
// that of all.
func TestMachinesThatLoggedInAloneShareTheNextLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(0, time.Hour)}
		c := newCentral(nil)
		var all []*auth.Authenticator
		for range 50 {
			p := c.port()
			p.away = true
			all = append(all, newAuthenticator(t, f, auth.WithStore(p)))
			token(t, all[len(all)-1])
			time.Sleep(time.Second)
		}
		for _, p := range c.ports {
			p.set(well)
		}
		time.Sleep(time.Minute)
		if n := c.of(&c.puts); n != 1 {
			t.Errorf("the store changed %d times", n)
		}
		time.Sleep(time.Hour)
		for _, a := range all {
			if got := token(t, a); got != "token-51" || c.stored() != got {
				t.Errorf("a machine has %q, stored is %q", got, c.stored())
			}
		}
	})
}

// The same, where the store is back before the login is stored.
func TestLoginGivesWayToOneThatCouldNotBeReadBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCentral(issue("theirs", time.Hour))
		p := c.port()
		p.away = true
		a := newAuthenticator(t, &fakeFlow{obtain: tokens(time.Second, time.Hour)}, auth.WithStore(p))
		go func() {
			time.Sleep(time.Second / 2)
			p.set(well)
		}()
		if got := token(t, a); got != "theirs" || c.stored() != got {
			t.Errorf("a call carries %q, the store holds %q", got, c.stored())
		}
	})
}

// A logout here does not wait for the lock that is kept.
func TestLogoutWaitsForNoLockOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		a, _ := renewedUnstored(t, server, c, readOnly)
		start := time.Now()
		if err := a.Logout(t.Context()); err != nil || time.Since(start) > 0 || c.stored() != "logged out" {
			t.Errorf("%v after %v, the store holds %q", err, time.Since(start), c.stored())
		}
		time.Sleep(time.Hour)
		if got := token(t, a); got != "" || c.stored() != "logged out" {
			t.Errorf("later calls carry %q, the store holds %q", got, c.stored())
		}
	})
}

// A login that was asked for is stored whatever the store holds, also after a logout.
func TestLoginAfterALogoutIsStored(t *testing.T) {
	t.Parallel()
	for name, flow := range map[string]func() auth.Flow{
		"a person's":  func() auth.Flow { _, f := person(); return f },
		"a machine's": func() auth.Flow { return &fakeFlow{obtain: tokens(0, time.Hour)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentral(nil)
			c.deleted = true
			a := newAuthenticator(t, flow(), auth.WithStore(c.port()))
			got, err := a.Refresh(t.Context(), nil)
			if err != nil || c.stored() != got.AccessToken {
				t.Errorf("got %v, %v; the store holds %q", got, err, c.stored())
			}
			if errors.Is(err, auth.ErrLoggedOut) {
				t.Error(err)
			}
		})
	}
}
