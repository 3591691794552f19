package auth_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// countingFlow logs in at once, and notes when.
type countingFlow struct {
	mu   sync.Mutex
	n    int
	when []time.Time
}

func (f *countingFlow) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	f.when = append(f.when, time.Now())
	return issue("token-"+strconv.Itoa(f.n), time.Hour), nil
}

func (f *countingFlow) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Machines whose tokens were issued together do not refresh them together: the server gets the
// requests spread over the last minutes of the tokens, in any ten seconds at most half again as
// many as on average.
func TestRefreshesOfManyMachinesAreSpread(t *testing.T) {
	t.Parallel()
	const n = 10_000
	synctest.Test(t, func(t *testing.T) {
		f := &countingFlow{}
		var all []*auth.Authenticator
		for range n { // all within two seconds
			a := newAuthenticator(t, f)
			all = append(all, a)
			token(t, a)
			time.Sleep(2 * time.Second / time.Duration(n))
		}
		f.when = nil
		time.Sleep(55*time.Minute - 5*time.Second)
		for range 60 { // a call of each in five seconds
			for _, a := range all {
				token(t, a)
			}
			time.Sleep(5 * time.Second)
		}
		synctest.Wait()
		if len(f.when) != n {
			t.Fatalf("%d requests, want %d", len(f.when), n)
		}
		slices.SortFunc(f.when, time.Time.Compare)
		mean := float64(n) / 30 // in ten seconds of the window of five minutes
		for i, from := range f.when {
			if in, _ := slices.BinarySearchFunc(f.when, from.Add(10*time.Second), time.Time.Compare); float64(in-i) > 1.5*mean {
				t.Fatalf("%d requests in ten seconds from %v on, want %.0f at most", in-i, from, 1.5*mean)
			}
		}
	})
}

// A thousand machines that start at once, with a store that they share, make one request.
func TestManyMachinesThatStartAtOnceMakeOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(time.Second, time.Hour)}
		c := newCentral(nil)
		var wg sync.WaitGroup
		for _, a := range machines(t, 1000, c, f) {
			wg.Go(func() {
				time.Sleep(time.Duration(rand.Int64N(int64(2 * time.Second))))
				if got := token(t, a); got != "token-1" {
					t.Errorf("got %q", got)
				}
			})
		}
		wg.Wait()
		reads, writes := c.counts()
		if n, _ := f.counts(); n != 1 || writes != 1 || reads > 5000 {
			t.Errorf("%d requests, %d writes, %d reads", n, writes, reads)
		}
	})
}
