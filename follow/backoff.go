package follow

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// A failure counts whole if the stream brought nothing at all, and a part of that if it
// brought only what was known: then the server works, but something always cuts it.
const (
	wholeFailure = 10
	partFailure  = 1
)

// backoff counts failures in a row, and says how long to pause after each.
type backoff struct {
	cfg   *config
	score int // of failures
	row   int // how often it paused
}

// reset ends a row of failures.
func (b *backoff) reset() { b.score, b.row = 0, 0 }

// add counts a failure; the error is ErrGaveUp if it was one too many.
func (b *backoff) add(weight int, cause error) error {
	b.score += weight
	switch limit := b.cfg.failures * wholeFailure; {
	case limit == 0 || b.score < limit:
		if weight > 0 {
			b.cfg.notice(cause)
		}
		return nil
	case b.row == 0:
		return cause
	default:
		return fmt.Errorf("%w after %d failures in a row: %w", ErrGaveUp, b.row+1, cause)
	}
}

// wait pauses: at first for the given time, doubled with each pause of a row up to the
// longest.
func (b *backoff) wait(ctx context.Context, first time.Duration) error {
	d := b.cfg.longest
	if b.row < 30 { // more doublings would overflow
		d = min(d, first<<b.row)
	}
	b.row++
	return sleep(ctx, d/2+rand.N(d/2+1)) //nolint:gosec // clients that are cut together must not come back together; no secret
}

func sleep(ctx context.Context, d time.Duration) error {
	if clock.Sleep(ctx, d) != nil {
		return contextError(ctx)
	}
	return nil
}

// ask makes a call beside a stream, which must not hang with a dead connection.
func ask[Req, Resp any](ctx context.Context, call func(context.Context, Req) (Resp, error), req Req) (Resp, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return call(ctx, req)
}

// insist makes a call that changes nothing until it succeeds, fails for good, or has failed
// too often.
func insist[Req, Resp any](ctx context.Context, cfg *config, call func(context.Context, Req) (Resp, error), req Req) (Resp, error) {
	b := backoff{cfg: cfg}
	if unlimited := call; cfg.beside {
		call = func(ctx context.Context, req Req) (Resp, error) { return ask(ctx, unlimited, req) }
	}
	for {
		answer, err := call(ctx, req)
		if err == nil {
			return answer, nil
		}
		var none Resp
		switch {
		case ctx.Err() != nil:
			return none, contextError(ctx)
		case !transient(err, false):
			return none, err
		}
		if err := b.add(wholeFailure, err); err != nil {
			return none, err
		}
		if err := b.wait(ctx, cfg.pause); err != nil {
			return none, err
		}
	}
}
