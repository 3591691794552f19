package redisstore

import (
	"testing"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

func TestALeaseIsLostWhileTheMachineSleeps(t *testing.T) {
	t.Parallel()
	var slept time.Duration
	clock := clock.Jumping(func() time.Duration { return slept })
	l := &lease{store: &Store{clock: clock}, until: clock.Read().Add(10 * time.Second), lost: make(chan struct{})}
	select {
	case <-l.Lost():
		t.Fatal("it was lost at once")
	default:
	}
	slept = time.Minute // on which a monotonic clock stands still
	select {
	case <-l.Lost():
	default:
		t.Error("the holder still has it, although Redis has let it lapse")
	}
}
