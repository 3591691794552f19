package auth_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// balancer sends each attempt to the next of its backends, of which the first rejects every
// token.
func balancer(backends int) func(string) bool {
	n := 0
	return func(string) bool {
		n++
		return n%backends != 0
	}
}

func TestABackendThatRejectsWhatOthersAcceptLeadsToFewTokens(t *testing.T) {
	t.Parallel()
	for _, backends := range []int{2, 3, 10} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeFlow{obtain: tokens(0, 24*time.Hour)}
			a := newAuthenticator(t, f)
			accepts := balancer(backends)
			for range 36_000 {
				if err := call(t.Context(), a, accepts); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second / 10)
			}
			if n, _ := f.counts(); n > 7 {
				t.Errorf("%d backends: %d tokens in an hour, want 7 at most", backends, n)
			}
		})
	}
}

func TestARejectionIsDoubtedOnlyAfterManyOfAcceptedTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rounds   int
		accepted bool
		pause    time.Duration
		want     bool
	}{
		"few":                           {5, true, 0, false},
		"many":                          {6, true, 0, true},
		"many, a while apart":           {6, true, 19 * time.Second, true},
		"many, a longer while apart":    {6, true, 20 * time.Second, false},
		"tokens that no server accepts": {6, false, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, 24*time.Hour)})
				c, err := a.Credentials(t.Context())
				for range tt.rounds {
					if err != nil {
						t.Fatal(err)
					}
					if tt.accepted {
						a.Accepted(c)
					}
					c, err = a.Refresh(t.Context(), c)
					time.Sleep(tt.pause)
				}
				a.Accepted(c)
				if got := a.Doubted(t.Context(), c); got != tt.want {
					t.Errorf("doubted: %v, want %v", got, tt.want)
				}
				if a.Doubted(t.Context(), nil) {
					t.Error("nothing is doubted")
				}
				// The doubt ends with a quiet time, and not before while it is asked.
				time.Sleep(15 * time.Second)
				if got := a.Doubted(t.Context(), c); got != tt.want {
					t.Errorf("a while later: %v", got)
				}
				time.Sleep(20 * time.Second)
				if a.Doubted(t.Context(), c) {
					t.Error("doubted after a quiet time")
				}
			})
		})
	}
}
