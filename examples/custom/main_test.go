package main

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/jetway-go/jetway/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTwoProgramsShareOneLogin(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log("\n" + out.String())
	for _, want := range []string{
		"two programs called: the broker issued 1 token, the table has 1 login\n",
		"both called again: the broker issued 2 tokens\n",
		"an unknown machine: Unauthenticated: ", `the broker does not know machine "unknown": register it first`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output does not contain %q", want)
		}
	}
}

func TestSwapReplacesOnlyTheExpectedLogin(t *testing.T) {
	t.Parallel()
	key := auth.Key{Endpoint: "backend"}
	first, second := &auth.Credentials{AccessToken: "1"}, &auth.Credentials{AccessToken: "2"}
	for _, tt := range []struct {
		name          string
		stored        *auth.Credentials
		oldID         string
		want          bool
		wantAfterward *auth.Credentials
	}{
		{"the expected one", first, first.ID(), true, second},
		{"another one", first, "other", false, first},
		{"none, as expected", nil, "", true, second},
		{"none, where one was expected", nil, first.ID(), false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			logins := newTable()
			if tt.stored != nil {
				if err := logins.Store(t.Context(), key, tt.stored); err != nil {
					t.Fatal(err)
				}
			}
			got, err := logins.Swap(t.Context(), key, tt.oldID, second)
			if err != nil || got != tt.want {
				t.Errorf("swapped: %v, %v, want %v", got, err, tt.want)
			}
			after, err := logins.Retrieve(t.Context(), key)
			if after.ID() != tt.wantAfterward.ID() || (after == nil) != errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("stored afterwards: %v, %v, want %v", after, err, tt.wantAfterward)
			}
		})
	}
}

func TestLockPassesToTheNextWhenTheLeaseEnds(t *testing.T) {
	t.Parallel()
	for name, unlocks := range map[string]bool{"unlocked": true, "lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				logins, key := newTable(), auth.Key{Endpoint: "backend"}
				first, err := logins.Lock(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				got := make(chan error)
				go func() {
					second, err := logins.Lock(t.Context(), key)
					if err == nil {
						second.Unlock()
					}
					got <- err
				}()
				synctest.Wait()
				select {
				case err := <-got:
					t.Fatalf("two hold the lock, or neither: %v", err)
				default:
				}
				if unlocks {
					first.Unlock()
				}
				if err := <-got; err != nil {
					t.Error(err)
				}
				select {
				case <-first.Lost():
					if unlocks {
						t.Error("a lease that was unlocked in time counts as lost")
					}
				default:
					if !unlocks {
						t.Error("a lease that ran out does not count as lost")
					}
				}
			})
		})
	}
}
