package peer

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// closing counts the connections that are closed.
type closing struct {
	net.Conn

	n *atomic.Int64
}

func (c closing) Close() error { c.n.Add(1); return nil }

// While the network is down the system repeats an attempt ever more rarely: at 1, 3, 7, 15
// seconds. Another attempt finds out within two seconds that the network is back.
func TestAnotherAttemptBeginsWhileTheFirstHasNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		back := begun.Add(9 * time.Second)
		d := &Dialer{func(ctx context.Context, _, _ string) (net.Conn, error) {
			if time.Now().Before(back) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return closing{}, nil
		}}
		conn, err := d.DialContext(t.Context(), "tcp", "192.0.2.1:443")
		if late := time.Since(back); conn == nil || err != nil || late > another {
			t.Errorf("%v, %v, %v after the network was back; want at most %v", conn, err, late, another)
		}
	})
}

func TestOneConnectionIsLeftOfSeveralAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made, closed atomic.Int64
		d := &Dialer{func(context.Context, string, string) (net.Conn, error) {
			time.Sleep(5 * another) // and does not look at its context
			made.Add(1)
			return closing{n: &closed}, nil
		}}
		if _, err := d.DialContext(t.Context(), "tcp", "192.0.2.1:443"); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * another)
		synctest.Wait()
		if made.Load() < 3 || made.Load()-closed.Load() != 1 {
			t.Errorf("%d connections were made, and %d closed; want one open", made.Load(), closed.Load())
		}
	})
}

// An answer counts, also one that says no, and so does the end of the context.
func TestDialingEndsWithTheFirstAnswerOrTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("connection refused")
		d := &Dialer{func(context.Context, string, string) (net.Conn, error) { return nil, refused }}
		begun := time.Now()
		if _, err := d.DialContext(t.Context(), "tcp", "192.0.2.1:443"); !errors.Is(err, refused) || time.Since(begun) > 0 {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		d.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := d.DialContext(ctx, "tcp", "192.0.2.1:443"); err == nil || time.Since(begun) > 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}
