package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// machines returns Authenticators on as many machines.
func machines(t *testing.T, n int, c *central, flow auth.Flow) []*auth.Authenticator {
	t.Helper()
	var all []*auth.Authenticator
	for range n {
		all = append(all, newAuthenticator(t, flow, auth.WithStore(c.port())))
	}
	return all
}

// What an authorization server says to one machine counts for all of them, those that wait
// for the lock and those that start later: it gets one request.
func TestFailureIsLearntOnceByAllMachines(t *testing.T) {
	t.Parallel()
	said := fmt.Errorf("token endpoint: %w", busyError{30 * time.Second})
	refused := fmt.Errorf("%w: invalid_client", auth.ErrRejected)
	for name, tt := range map[string]struct {
		err     error
		machine bool
		stored  bool
		lasts   time.Duration
		code    codes.Code
		text    string
	}{
		"Retry-After, a login that rotates":         {said, false, true, 30 * time.Second, codes.Unavailable, "no request before"},
		"Retry-After, a machine's login":            {said, true, true, 30 * time.Second, codes.Unavailable, "no request before"},
		"Retry-After, a machine's login not stored": {said, true, false, 30 * time.Second, codes.Unavailable, "no request before"},
		"refused, a machine's login":                {refused, true, true, 10 * time.Second, codes.Unauthenticated, "invalid_client"},
		"refused, a machine's login not stored":     {refused, true, false, 10 * time.Second, codes.Unauthenticated, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCentral(nil)
				if tt.stored {
					c.login = issue("old", time.Hour)
					if !tt.machine {
						c.login.RefreshToken = "r"
					}
					time.Sleep(2 * time.Hour)
				}
				f := &fakeFlow{traits: auth.Traits{Interactive: !tt.machine}}
				f.obtain = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, 50*time.Millisecond)
					return nil, tt.err
				}
				f.renew = f.obtain
				count := func() int {
					obtained, renewed := f.counts()
					return obtained + renewed
				}
				all := machines(t, 100, c, renewable{f})
				start := time.Now()
				var wg sync.WaitGroup
				for _, a := range all {
					wg.Go(func() {
						for time.Since(start) < tt.lasts-time.Second {
							if _, err := a.Credentials(t.Context()); status.Code(err) != tt.code {
								t.Errorf("got %v, want %v", err, tt.code)
							}
							time.Sleep(300 * time.Millisecond)
						}
					})
				}
				wg.Wait()
				if n, locks := count(), c.of(&c.locks); n != 1 || locks > 200 {
					t.Errorf("%d requests, %d attempts to lock by 100 machines", n, locks)
				}
				late := machines(t, 1, c, renewable{f})[0]
				if _, err := late.Credentials(t.Context()); status.Code(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.text) || count() != 1 {
					t.Errorf("a machine that starts later: %v after %d requests", err, count())
				}
				if st, err := machines(t, 1, c, renewable{f})[0].Inspect(t.Context()); err != nil || !tt.stored && st.Stored != "" {
					t.Errorf("Inspect: %v, %v", st, err)
				}
				// Then one request serves all of them.
				f.obtain = tokens(time.Second, time.Hour)
				f.renew = f.obtain
				time.Sleep(2 * time.Second)
				for _, a := range all {
					wg.Go(func() {
						if got := token(t, a); got != c.stored() {
							t.Errorf("got %q, stored is %q", got, c.stored())
						}
					})
				}
				wg.Wait()
				if n := count(); n != 2 {
					t.Errorf("%d requests in all, want 2", n)
				}
			})
		})
	}
}

// A rejected refresh token is sent once, whether the others wait for the lock then or not.
func TestRejectedRefreshTokenIsSentOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, c := sharedLogin(time.Second)
		server.stolen = true
		time.Sleep(2 * time.Hour)
		var wg sync.WaitGroup
		start := time.Now()
		for _, a := range machines(t, 100, c, server) {
			wg.Go(func() {
				for range 20 {
					if c, err := a.Credentials(t.Context()); err == nil && c != nil && c.AccessToken != "access-0" {
						t.Errorf("got %v", c)
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		if n, locks := server.count(), c.of(&c.locks); n != 1 || time.Since(start) > 10*time.Second || locks > 120 {
			t.Errorf("%d requests, want 1; %d attempts to lock; took %v", n, locks, time.Since(start))
		}
	})
}

// A login after a note is a new one: the note is gone, and a logout deletes it too.
func TestNoteIsNoLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCentral(nil)
		f := &fakeFlow{obtain: failing(busyError{time.Minute})}
		a := newAuthenticator(t, f, auth.WithStore(c.port()))
		if _, err := a.Credentials(t.Context()); status.Code(err) != codes.Unavailable {
			t.Fatal(err)
		}
		noted, err := c.port().Retrieve(t.Context(), testKey)
		if err != nil || noted.AccessToken != "" || !noted.RetryAt.After(time.Now()) {
			t.Fatalf("stored is %v, %v", noted, err)
		}
		data, err := auth.Encode(testKey, noted)
		if err != nil {
			t.Fatal(err)
		}
		if _, again, err := auth.Decode(data); err != nil || !again.RetryAt.Equal(noted.RetryAt) {
			t.Errorf("decoded %v, %v", again, err)
		}
		if _, _, err := auth.Find(t.Context(), c.port(), testKey); !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("Find: %v", err)
		}
		f.obtain = tokens(0, time.Hour)
		if err := a.Login(t.Context()); err != nil || c.stored() != "token-2" {
			t.Errorf("Login: %v; the store holds %q", err, c.stored())
		}
		if stored, err := c.port().Retrieve(t.Context(), testKey); err != nil || !stored.RetryAt.IsZero() || stored.Refused != "" {
			t.Errorf("stored is %v, %v", stored, err)
		}
	})
}

// Nothing is noted where machines do not share the store.
func TestNoNoteWithoutAWatcher(t *testing.T) {
	t.Parallel()
	store := &mapStore{}
	a := newAuthenticator(t, &fakeFlow{obtain: failing(busyError{time.Minute})}, auth.WithStore(store))
	if _, err := a.Credentials(t.Context()); status.Code(err) != codes.Unavailable || len(store.log) != 0 {
		t.Errorf("%v; the store: %v", err, store.log)
	}
}
