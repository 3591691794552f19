package auth_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// What another machine stores or deletes is known by the next call, without a request.
func TestChangesOfOtherMachinesAreKnownAtOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		login   func() *auth.Credentials
		deleted bool
		want    string // what the next call carries
	}{
		"a newer login": {func() *auth.Credentials { return issue("newer", time.Hour) }, false, "newer"},
		"an older one": {func() *auth.Credentials {
			c := issue("older", time.Hour)
			c.IssuedAt = c.IssuedAt.Add(-2 * time.Minute)
			return c
		}, false, "access-0"},
		"one that has expired": {func() *auth.Credentials {
			c := issue("expired", time.Hour)
			c.Expiry = c.IssuedAt
			return c
		}, false, "access-0"},
		"one that no call can carry": {func() *auth.Credentials { return issue("two\nlines", time.Hour) }, false, "access-0"},
		"a logout":                   {func() *auth.Credentials { return nil }, true, ""},
		"it is lost":                 {func() *auth.Credentials { return nil }, false, "access-0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(0)
				a := newAuthenticator(t, server, auth.WithStore(c.port()))
				token(t, a)
				time.Sleep(time.Minute)
				c.became(tt.login(), tt.deleted)
				synctest.Wait()
				if st := a.Status(); (st.ID == "") != (tt.want == "") {
					t.Errorf("before the next call: %v", st)
				}
				if got := token(t, a); got != tt.want || server.count() != 0 {
					t.Errorf("the next call carries %q, want %q; %d requests", got, tt.want, server.count())
				}
			})
		})
	}
}

// After a logout elsewhere comes what comes after one here: a person is asked when the server
// rejects a call, a machine logs in again.
func TestLogoutElsewhereEndsTheLogin(t *testing.T) {
	t.Parallel()
	t.Run("a person's", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			server, c := sharedLogin(0)
			server.err = auth.ErrNotLoggedIn // no person is here
			here := newAuthenticator(t, server, auth.WithStore(c.port()))
			there := newAuthenticator(t, server, auth.WithStore(c.port()))
			token(t, here)
			if err := there.Logout(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := token(t, here); got != "" {
				t.Errorf("a call carries %q", got)
			}
			if _, err := here.Refresh(t.Context(), nil); !errors.Is(err, auth.ErrNotLoggedIn) {
				t.Errorf("Refresh: %v", err)
			}
			if c.stored() != "logged out" || server.count() != 0 {
				t.Errorf("the store holds %q, %d requests", c.stored(), server.count())
			}
		})
	})
	t.Run("machines'", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f, flow := machine(time.Second, time.Hour)
			c := newCentral(nil)
			var all []*auth.Authenticator
			for range 20 {
				all = append(all, newAuthenticator(t, flow, auth.WithStore(c.port())))
			}
			for _, a := range all {
				token(t, a)
			}
			if err := all[0].Logout(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			var wg sync.WaitGroup
			for _, a := range all {
				wg.Go(func() {
					if got := token(t, a); got != "token-2" {
						t.Errorf("a machine has %q", got)
					}
				})
			}
			wg.Wait()
			if obtained, renewed := f.counts(); obtained != 2 || renewed != 0 {
				t.Errorf("%d logins, %d renewals", obtained, renewed)
			}
		})
	})
}

// A login is logged out elsewhere in the middle of a background refresh: the machine logs in
// with the next call, the person's calls go without.
func TestLogoutElsewhereDuringABackgroundRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(time.Second)
		a := newAuthenticator(t, server, auth.WithStore(c.port()))
		token(t, a)
		time.Sleep(59*time.Minute + 30*time.Second)
		token(t, a) // starts it
		time.Sleep(time.Second / 2)
		c.became(nil, true)
		time.Sleep(time.Second)
		if got := token(t, a); got != "" || c.stored() != "logged out" || server.count() != 1 {
			t.Errorf("calls carry %q, the store holds %q, %d requests", got, c.stored(), server.count())
		}
	})
}

// A machine whose refresh token was rejected tells the others: they do not send it.
func TestRejectedRefreshTokenIsKnownToAllMachines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		server.stolen = true
		var all []*auth.Authenticator
		for range 20 {
			all = append(all, newAuthenticator(t, server, auth.WithStore(c.port())))
		}
		for range 65 {
			for _, a := range all {
				token(t, a)
			}
			time.Sleep(time.Minute)
		}
		if n := server.count(); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
		if st := all[7].Status(); st.Renewable {
			t.Errorf("Status: %v", st)
		}
	})
}

// Any number of changes causes few reads, and a read causes no change.
func TestChangesAreReadTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		p := c.port()
		a := newAuthenticator(t, server, auth.WithStore(p))
		token(t, a)
		before, _ := c.counts()
		for range 10_000 { // in a second
			p.set(func(*port) {})
			time.Sleep(time.Second / 10_000)
		}
		time.Sleep(time.Second)
		if n, writes := c.counts(); n-before > 12 || writes != 0 {
			t.Errorf("10000 changes in a second: %d reads, %d writes", n-before, writes)
		}
		// A call that needs a token does not wait for the changes to end.
		stale, _ := a.Credentials(t.Context())
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					p.set(func(*port) {})
				}
			}
		}()
		start := time.Now()
		if got, err := a.Refresh(t.Context(), stale); err != nil || got.AccessToken != "access-1" || time.Since(start) > time.Second {
			t.Errorf("%v, %v after %v", got, err, time.Since(start))
		}
		close(stop)
	})
}

// Two Authenticators of one program, or many machines, do not keep each other busy.
func TestOwnChangesCauseNoStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(100 * time.Millisecond)
		p := c.port()
		one, two := newAuthenticator(t, server, auth.WithStore(p)), newAuthenticator(t, server, auth.WithStore(c.port()))
		token(t, one)
		token(t, two)
		for range 10 {
			for _, a := range []*auth.Authenticator{one, two} {
				if err := a.Login(t.Context()); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				if got, same := token(t, one), token(t, two); got != same {
					t.Errorf("%q and %q", got, same)
				}
				time.Sleep(time.Minute)
			}
			if err := one.Logout(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
			if got := token(t, two); got != "" {
				t.Errorf("after a logout: %q", got)
			}
		}
		if reads, writes := c.counts(); reads > 250 || writes > 40 {
			t.Errorf("%d reads, %d writes for 20 logins and 10 logouts", reads, writes)
		}
	})
}

// It is watched from the first use of the store until Close.
func TestStoreIsWatchedUntilClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		p := c.port()
		watched := func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.told != nil
		}
		a := newAuthenticator(t, server, auth.WithStore(p))
		if watched() {
			t.Error("before the first call")
		}
		token(t, a)
		if !watched() {
			t.Error("not watched")
		}
		_ = a.Close()
		if watched() {
			t.Error("after Close")
		}
		select {
		case <-p.gone:
		default:
			t.Error("Close did not wait for the watcher")
		}
		before, _ := c.counts()
		c.became(issue("later", time.Hour), false)
		synctest.Wait()
		if n, _ := c.counts(); n != before {
			t.Errorf("%d reads after Close", n-before)
		}
	})
}

// A store that panics, or reports a change while it is being watched, stops nothing.
type badWatcher struct {
	*port

	watch func(changed func()) (stop func())
}

func (w badWatcher) Watch(_ auth.Key, changed func()) func() { return w.watch(changed) }

func TestBadWatcherStopsNothing(t *testing.T) {
	t.Parallel()
	for name, watch := range map[string]func(changed func()) func(){
		"panics":            func(func()) func() { panic("oh") },
		"returns no stop":   func(func()) func() { return nil },
		"calls back":        func(changed func()) func() { changed(); return func() {} },
		"panics at the end": func(func()) func() { return func() { panic("oh") } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(0)
				a := newAuthenticator(t, server, auth.WithStore(badWatcher{c.port(), watch}))
				if got := token(t, a); got != "access-0" {
					t.Errorf("got %q", got)
				}
				time.Sleep(time.Second)
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A call that needs another token is not served by a look at the store.
func TestLookAtTheStoreServesNoCallThatNeedsAToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		p := c.port()
		a := newAuthenticator(t, server, auth.WithStore(p))
		token(t, a)
		time.Sleep(2 * time.Hour)
		p.set(func(p *port) { p.slow = time.Second })
		synctest.Wait()
		if got := token(t, a); got != "access-1" {
			t.Errorf("got %q, which has expired", got)
		}
	})
}

// A look at the store that began before a logout brings no login back.
func TestLogoutHereIsNotUndoneByALookAtTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		p := c.port()
		a := newAuthenticator(t, server, auth.WithStore(p))
		token(t, a)
		c.mu.Lock()
		p.slow = 2 * time.Second
		c.mu.Unlock()
		go func() {
			time.Sleep(3 * time.Second) // the logout has read the login, and reads it once more
			c.became(issue("newer", time.Hour), false)
		}()
		if err := a.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := token(t, a); got != "" && got != c.stored() {
			t.Errorf("after the logout calls carry %q, the store holds %q", got, c.stored())
		}
	})
}

// A person logs in while a renewal, and then a look at the store, is under way.
func TestLoginDuringOtherWorkIsTheOneThatStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(time.Second)
		p := c.port()
		a := newAuthenticator(t, server, auth.WithStore(p))
		stale, _ := a.Credentials(t.Context())
		go func() { _, _ = a.Refresh(t.Context(), stale) }()
		time.Sleep(time.Second / 2)
		p.set(func(*port) {})
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := token(t, a); got != fmt.Sprint("access-", server.count()) || c.stored() != got || server.asked != 1 {
			t.Errorf("calls carry %q, the store holds %q", got, c.stored())
		}
	})
}
