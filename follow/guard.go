package follow

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// settling is how long a message may be under way that a check knows of already.
	settling = 2 * time.Second
	// everyTicks is how often a stream is checked that is not silent: once in so many
	// times its silence, for a server that has lost one of many updates.
	everyTicks = 10
)

// checkFunc looks from outside for what a stream should have brought. It returns an error
// if it could not, or if the stream is dead for sure, and otherwise, if the stream seems to
// lag, a function that reports whether it still does. silent is how many checks in a row,
// with this one, found it silent; 0 if it is not.
type checkFunc func(ctx context.Context, silent int) (lags func() bool, err error)

// deadError says that a stream was given up: it is as if a proxy had cut it.
type deadError struct{ cause error }

func (e *deadError) Error() string              { return "the stream is dead: " + e.cause.Error() }
func (e *deadError) Unwrap() error              { return e.cause }
func (e *deadError) GRPCStatus() *status.Status { return status.New(codes.Unavailable, e.Error()) }

// guard checks a stream while it is read. It counts the messages, and not the time that
// the caller takes for one.
type guard struct {
	cfg    *config
	check  checkFunc
	cancel context.CancelCauseFunc
	marks  atomic.Int64 // even while the stream is read
	group  sync.WaitGroup
}

func watchOver(ctx context.Context, cfg *config, check checkFunc, cancel context.CancelCauseFunc) *guard {
	g := &guard{cfg: cfg, check: check, cancel: cancel}
	g.marks.Store(1)
	if check != nil && cfg.silence > 0 {
		g.group.Go(func() { g.run(ctx) })
	}
	return g
}

func (g *guard) reading() { g.marks.Add(1) }
func (g *guard) busy()    { g.marks.Add(1) }
func (g *guard) wait()    { g.group.Wait() }

func (g *guard) run(ctx context.Context) {
	silent := 0
	for tick := 1; ; tick++ {
		before := g.marks.Load()
		if sleep(ctx, g.cfg.silence) != nil {
			return
		}
		now := g.marks.Load()
		switch {
		case now%2 != 0: // the caller has it
			silent = 0
			continue
		case now == before:
			silent++
		case tick%everyTicks != 0:
			silent = 0
			continue
		default:
			silent = 0
		}
		if cause := g.examine(ctx, silent); cause != nil {
			if silent == 0 || g.marks.Load() == now {
				g.cancel(&deadError{cause})
				return
			}
			silent = 0 // it has just spoken
		}
	}
}

// examine returns why the stream is dead, or nil.
func (g *guard) examine(ctx context.Context, silent int) error {
	side, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	lags, err := g.check(side, silent)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil && silent == 0, err != nil && !transient(err, false): // refused: that says nothing of the stream
		return nil
	case err != nil:
		return fmt.Errorf("it was silent for %v, and a call beside it failed: %w", g.cfg.silence, err)
	case lags == nil || sleep(ctx, settling) != nil || !lags():
		return nil
	default:
		return fmt.Errorf("it did not bring what the backend shows after %v", g.cfg.silence)
	}
}
