package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// Where a lock is required and cannot be had, calls carry the token that there is until its
// end, and then get Unavailable: the refresh token is not sent. Once the lock can be had
// again, the next call succeeds: at once where the store tells it, otherwise after a second.
func TestRefreshTokenIsNotSentWithoutARequiredLock(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		block   func(t *testing.T, c *central, p *port) (unblock func())
		silent  bool
		recover time.Duration
	}{
		"the store is away": {func(_ *testing.T, _ *central, p *port) func() {
			p.set(func(p *port) { p.away = true })
			return func() { p.set(func(p *port) { p.away = false }) }
		}, false, 0},
		"the store is away, and comes back in silence": {func(_ *testing.T, _ *central, p *port) func() {
			p.set(func(p *port) { p.away = true })
			return func() { p.set(func(p *port) { p.away = false }) }
		}, true, time.Second},
		"another holder keeps the lock": {func(t *testing.T, c *central, _ *port) func() {
			t.Helper()
			return c.hold(t).Unlock
		}, false, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(0)
				p := c.port()
				p.silent = tt.silent
				a := newAuthenticator(t, server, auth.WithStore(p))
				token(t, a)
				end := time.Now().Add(time.Hour)
				time.Sleep(55*time.Minute - time.Second)
				unblock := tt.block(t, c, p)
				for time.Until(end) > time.Second { // the last minutes, by many calls
					ctx, cancel := context.WithTimeout(t.Context(), min(time.Second, time.Until(end)))
					if c, err := a.Credentials(ctx); err != nil || c.AccessToken != "access-0" {
						t.Fatalf("%v before the end a call carries %v, %v", time.Until(end), c, err)
					}
					cancel()
					time.Sleep(100 * time.Millisecond)
				}
				time.Sleep(time.Minute)
				for range 95 { // it ends within the second that a failure is remembered
					_, err := a.Credentials(t.Context())
					var own *auth.Error
					if !errors.As(err, &own) || !errors.Is(err, auth.ErrLeaseRequired) || status.Code(err) != codes.Unavailable ||
						!strings.Contains(err.Error(), "can be reached") {
						t.Fatalf("after its end: %v", err)
					}
					time.Sleep(100 * time.Millisecond)
				}
				if n := server.count(); n != 0 {
					t.Errorf("%d requests without the lock", n)
				}
				unblock()
				synctest.Wait()
				time.Sleep(tt.recover)
				if got := token(t, a); got != "access-1" || c.stored() != got || server.count() != 1 {
					t.Errorf("then a call carries %q, the store holds %q, %d requests", got, c.stored(), server.count())
				}
			})
		})
	}
}

// A program that was stopped while it held the lock does not send what it had read before.
func TestRefreshTokenIsNotSentAfterTheLockWasLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		slow := &slowAgain{port: c.port()}
		a := newAuthenticator(t, server, auth.WithStore(slow))
		time.Sleep(2 * time.Hour)
		go func() {
			time.Sleep(time.Second) // a holds the lock, and reads
			c.lapse()
			if got := token(t, newAuthenticator(t, server, auth.WithStore(c.port()))); got != "access-1" {
				t.Errorf("another machine got %q", got)
			}
		}()
		_, err := a.Credentials(t.Context())
		if !errors.Is(err, auth.ErrLeaseRequired) || status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want that the lock was lost", err)
		}
		time.Sleep(time.Second)
		if got := token(t, a); got != "access-1" || server.count() != 1 {
			t.Errorf("then %q after %d requests", got, server.count())
		}
	})
}

// Where there is no refresh token to be lost, a login is replaced without the lock.
func TestLoginWithoutARefreshTokenNeedsNoLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := machine(0, time.Hour)
		p := newCentral(nil).port()
		p.away = true
		a := newAuthenticator(t, flow, auth.WithStore(p))
		for range 180 {
			token(t, a)
			time.Sleep(time.Minute)
		}
		if obtained, renewed := f.counts(); obtained+renewed < 3 || obtained+renewed > 5 {
			t.Errorf("%d logins, %d renewals in three hours", obtained, renewed)
		}
	})
}

// A program that starts while the store is away does not know whether a login is stored: no
// person is asked, unless by Login.
func TestPersonIsNotAskedWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		p := c.port()
		p.away = true
		a := newAuthenticator(t, server, auth.WithStore(p))
		for range 10 {
			stale, err := a.Credentials(t.Context())
			if err == nil {
				_, err = a.Refresh(t.Context(), stale) // the server asks for credentials
			}
			if status.Code(err) != codes.Unavailable || !errors.Is(err, auth.ErrLeaseRequired) {
				t.Fatalf("got %v", err)
			}
			time.Sleep(time.Second)
		}
		p.set(func(p *port) { p.away = false })
		synctest.Wait()
		if got := token(t, a); got != "access-0" || server.asked != 0 {
			t.Errorf("when the store is back: %q, a person was asked %d times", got, server.asked)
		}
		other := c.port()
		other.away = true
		by := newAuthenticator(t, server, auth.WithStore(other))
		if err := by.Login(t.Context()); err != nil || server.asked != 1 {
			t.Errorf("Login: %v, a person was asked %d times", err, server.asked)
		}
	})
}

// While the stored login cannot be read, its lock is not enough: another machine may have
// replaced the refresh token that this one knows.
func TestRefreshTokenIsNotSentWhileTheSharedLoginCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(0)
		blind := &blindPort{port: c.port()}
		a, b := newAuthenticator(t, server, auth.WithStore(blind)), newAuthenticator(t, server, auth.WithStore(c.port()))
		token(t, a)
		token(t, b)
		blind.blind.Store(true)
		time.Sleep(2 * time.Hour)
		if got := token(t, b); got != "access-1" {
			t.Errorf("a machine that can read has %q", got)
		}
		_, err := a.Credentials(t.Context())
		if !errors.Is(err, auth.ErrLeaseRequired) || !errors.Is(err, errBlind) || status.Code(err) != codes.Unavailable {
			t.Errorf("one that cannot: %v", err)
		}
		blind.blind.Store(false)
		time.Sleep(time.Second)
		if got := token(t, a); got != "access-1" || server.count() != 1 {
			t.Errorf("then it has %q after %d requests", got, server.count())
		}
	})
}

var errBlind = errors.New("the value was changed")

// blindPort is a port that may be unable to read what is stored.
type blindPort struct {
	*port

	blind atomic.Bool
}

func (b *blindPort) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	if b.blind.Load() {
		return nil, errBlind
	}
	return b.port.Retrieve(ctx, k)
}
