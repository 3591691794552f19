package auth_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/internal/clock"
)

// jumping is a clock whose wall clock tests move while its monotonic clock stands still:
// forwards, as on a machine that slept, or back.
type jumping struct{ by atomic.Int64 }

func (j *jumping) jump(d time.Duration) { j.by.Add(int64(d)) }

func (j *jumping) clock() clock.Clock {
	return clock.Jumping(func() time.Duration { return time.Duration(j.by.Load()) })
}

func (j *jumping) wall() time.Time { return j.clock().Read().Wall() }

// login issues token-1, token-2, … for an hour, which the wall clock counts.
func (j *jumping) login() *fakeFlow {
	return &fakeFlow{obtain: func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
		c, err := tokens(0, time.Hour)(ctx, n, prev)
		c.IssuedAt, c.Expiry = j.wall(), j.wall().Add(time.Hour)
		return c, err
	}}
}

func TestATokenEndsWhenOneOfTheTwoClocksSaysSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		jump   time.Duration // of the wall clock alone
		passes time.Duration // on both clocks, afterwards
		want   string
	}{
		{"the machine slept for two hours", 2 * time.Hour, 0, "token-2"},
		{"it slept for half an hour", 30 * time.Minute, 0, "token-1"},
		{"it slept for half an hour and was awake for as long", 30 * time.Minute, 30 * time.Minute, "token-2"},
		{"the wall clock was set back an hour", -time.Hour, 59 * time.Minute, "token-1"},
		{"it was set back an hour, and the hour is over", -time.Hour, time.Hour, "token-2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var machine jumping
				a := newAuthenticator(t, machine.login(), auth.WithClock(machine.clock()))
				token(t, a)
				machine.jump(tt.jump)
				time.Sleep(tt.passes)
				if usable := a.Status().Usable; usable != (tt.want == "token-1") {
					t.Errorf("usable = %v", usable)
				}
				if got := token(t, a); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// While the machine slept, the token came within five minutes of its end.
func TestASleepCountsForTheRefreshInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		f := machine.login()
		f.renew = f.obtain
		a := newAuthenticator(t, renewable{f}, auth.WithClock(machine.clock()))
		token(t, a)
		machine.jump(59*time.Minute + 20*time.Second)
		token(t, a)
		synctest.Wait()
		if _, renewed := f.counts(); renewed != 1 {
			t.Errorf("renewed %d times, want once", renewed)
		}
	})
}

func TestWhatAProgramBroughtEndsWhileTheMachineSleeps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		a := newAuthenticator(t, machine.login(), auth.WithClock(machine.clock()), auth.WithInitial(issue("initial", time.Hour)))
		machine.jump(2 * time.Hour)
		if got := token(t, a); got != "token-1" {
			t.Errorf("got %q, want a new token", got)
		}
	})
}

// Its Expiry has a monotonic reading, as time.Now().Add(…) does: outside a bubble only.
func TestWhatAProgramBroughtEndsAlthoughTheWallClockWasSetBack(t *testing.T) {
	t.Parallel()
	var machine jumping
	initial := &auth.Credentials{AccessToken: "initial", Expiry: time.Now()}
	machine.jump(-time.Hour)
	a := newAuthenticator(t, machine.login(), auth.WithClock(machine.clock()), auth.WithInitial(initial))
	if got := token(t, a); got != "token-1" {
		t.Errorf("got %q, want a new token", got)
	}
}

// A store keeps wall times only. The lifetime that they tell of bounds how long a login is
// used by a machine whose clock was set back since.
func TestAStoredLoginLastsNoLongerThanItsLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		stored := issue("stored", time.Hour)
		stored.Expiry, stored.IssuedAt = stored.Expiry.Round(0), stored.IssuedAt.Round(0)
		store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *stored}}
		machine.jump(-time.Hour)
		a := newAuthenticator(t, machine.login(), auth.WithClock(machine.clock()), auth.WithStore(store))
		if got := token(t, a); got != "stored" {
			t.Fatalf("got %q, want the stored login", got)
		}
		time.Sleep(time.Hour)
		if got := token(t, a); got != "token-1" {
			t.Errorf("got %q, want a new token", got)
		}
	})
}

func TestAStoredLoginThatEndedWhileTheMachineSleptIsNotUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *issue("stored", time.Hour)}}
		machine.jump(2 * time.Hour)
		a := newAuthenticator(t, machine.login(), auth.WithClock(machine.clock()), auth.WithStore(store))
		if st, err := a.Inspect(t.Context()); err != nil || st.Usable {
			t.Errorf("before the first call: %v, %v, want a login that is not usable", st, err)
		}
		if got := token(t, a); got != "token-1" {
			t.Errorf("got %q, want a new token", got)
		}
	})
}

func TestABackoffLastsNoLongerWhenTheWallClockIsSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		f := machine.login()
		good := f.obtain
		f.obtain = failing(errors.New("503"))
		a := newAuthenticator(t, f, auth.WithClock(machine.clock()))
		if _, err := a.Credentials(t.Context()); err == nil {
			t.Fatal("a login without a server")
		}
		machine.jump(-time.Hour)
		f.obtain = good
		time.Sleep(time.Second)
		if got := token(t, a); got != "token-2" {
			t.Errorf("got %q, want the token of the second request", got)
		}
	})
}

// What a server said before the machine slept is over when it wakes.
func TestABackoffEndsWhileTheMachineSleeps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		f := machine.login()
		good := f.obtain
		f.obtain = failing(fmt.Errorf("token endpoint: %w", busyError{5 * time.Minute}))
		a := newAuthenticator(t, f, auth.WithClock(machine.clock()))
		if _, err := a.Credentials(t.Context()); err == nil {
			t.Fatal("a login without a server")
		}
		f.obtain = good
		machine.jump(time.Minute)
		if _, err := a.Credentials(t.Context()); err == nil {
			t.Error("asked within the time that the server named")
		}
		machine.jump(time.Hour)
		if got := token(t, a); got != "token-2" {
			t.Errorf("got %q, want the token of the second request", got)
		}
	})
}

// A token that a server rejected stays in use while there is no other, but not beyond its
// end, which came while the machine slept.
func TestARejectedTokenStaysInUseNoLongerThanItLasts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		f := machine.login()
		a := newAuthenticator(t, f, auth.WithClock(machine.clock()))
		c := mustCredentials(t, a)
		f.obtain = failing(errors.New("503"))
		if _, err := a.Refresh(t.Context(), c); !errors.Is(err, auth.ErrNotReplaced) {
			t.Fatalf("got %v, want ErrNotReplaced", err)
		}
		if got := token(t, a); got != "token-1" {
			t.Errorf("got %q while it lasts", got)
		}
		machine.jump(2 * time.Hour)
		if c, err := a.Credentials(t.Context()); status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, %v after it ended, want Unavailable", c, err)
		}
	})
}

// Five programs on a machine that slept share one login: it is refreshed once.
func TestProgramsThatWakeTogetherRefreshOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var machine jumping
		f, flow := person()
		f.renew = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
			_ = sleep(ctx, time.Second)
			if prev.RefreshToken != fmt.Sprint("r", n-1) {
				t.Errorf("renewal %d sends %s", n, prev.RefreshToken)
			}
			return &auth.Credentials{
				AccessToken: fmt.Sprint("renewed-", n), RefreshToken: fmt.Sprint("r", n), IssuedAt: machine.wall(), Expiry: machine.wall().Add(time.Hour),
			}, nil
		}
		dir, old := t.TempDir(), issue("old", time.Hour)
		old.RefreshToken = "r0"
		all := neighbours(t, 5, dir, flow, auth.WithClock(machine.clock()))
		if err := (&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials")}).Store(t.Context(), testKey, old); err != nil {
			t.Fatal(err)
		}
		for wakes, jump := range []time.Duration{0, 2 * time.Hour, 2 * time.Hour, -time.Hour, time.Hour} {
			machine.jump(jump)
			want := []string{"old", "renewed-1", "renewed-2", "renewed-2", "renewed-2"}[wakes]
			var calls sync.WaitGroup
			for _, a := range all {
				for range 4 {
					calls.Go(func() {
						if got := token(t, a); got != want {
							t.Errorf("after %d jumps: %q, want %q", wakes, got, want)
						}
					})
				}
			}
			calls.Wait()
		}
	})
}
