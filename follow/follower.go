package follow

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What a hook of a follower returns instead of an error.
var (
	errLeft  = errors.New("the caller left the loop")
	errDone  = errors.New("there is nothing more to follow")
	errAgain = errors.New("open the next stream at once")
)

// errEnded is the failure of a stream that ended well, although it has no end.
var errEnded = status.Error(codes.Unavailable, "the server ended the stream")

// stream is what all streams of generated clients have in common.
type stream[M any] interface{ Recv() (M, error) }

// follower reads one stream after another.
type follower[M any] struct {
	cfg *config
	// open opens the next stream.
	open func(ctx context.Context) (stream[M], error)
	// take delivers what is new in a message, and reports whether anything was.
	take func(ctx context.Context, m M) (news bool, err error)
	// ended decides, after a stream that ended well, whether all is done; nil means never.
	ended func(ctx context.Context) error
	// rescue may treat the error of a stream that brought no message; it returns the error
	// if it does not, errAgain if it did.
	rescue func(ctx context.Context, err error) error
	// check looks from outside for what a silent stream should have brought; see guard.
	check checkFunc
}

// outcome is what a stream came to.
type outcome struct {
	err      error // never nil; io.EOF if it ended well
	messages bool  // it brought some
	news     bool  // of which some were new
	lasted   bool  // it was open for longer than the longest pause
}

// run follows until there is nothing more; it returns nil then, and if the caller left.
func (f *follower[M]) run(ctx context.Context) error {
	b := backoff{cfg: f.cfg}
	for {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		o := f.read(ctx)
		err := o.err
		if !over(err) {
			if ctx.Err() != nil {
				return contextError(ctx)
			}
			if o.news || o.lasted {
				b.reset()
			}
			err = f.next(ctx, &b, o)
		}
		switch {
		case over(err):
			return nil
		case err != nil:
			return err
		}
	}
}

// over reports whether err says that there is nothing more to do.
func over(err error) bool { return errors.Is(err, errLeft) || errors.Is(err, errDone) }

// next decides what follows a stream, and pauses before the next one.
func (f *follower[M]) next(ctx context.Context, b *backoff, o outcome) error {
	err := o.err
	switch {
	case errors.Is(err, io.EOF) && f.ended != nil:
		if err = f.ended(ctx); err == nil { // the server works, it was only early
			return b.wait(ctx, quickPause)
		}
	case errors.Is(err, io.EOF):
		err = errEnded
	case !o.messages && f.rescue != nil:
		err = f.rescue(ctx, err)
	}
	switch {
	case over(err):
		return err
	case ctx.Err() != nil:
		return contextError(ctx)
	case errors.Is(err, errAgain):
		return nil
	case !transient(err, o.messages):
		return err
	}
	weight := wholeFailure
	if o.messages || o.lasted {
		weight = partFailure
	}
	if o.news || o.lasted { // no failure, and not the first of a row
		weight = 0
	}
	if err := b.add(weight, err); err != nil {
		return err
	}
	f.cfg.log.DebugContext(ctx, "the stream is opened again", slog.Any("after", err))
	return b.wait(ctx, f.cfg.pause)
}

// read reads one stream to its end, which frees it.
func (f *follower[M]) read(ctx context.Context) (o outcome) {
	ctx, cancel := context.WithCancelCause(ctx)
	began := f.cfg.clock.Read()
	defer func() { o.lasted = f.cfg.clock.Read().Reached(began.Add(f.cfg.longest)) }()
	s, err := f.open(ctx)
	if err != nil {
		cancel(nil)
		o.err = err
		return o
	}
	g := watchOver(ctx, f.cfg, f.check, cancel)
	defer g.wait()
	defer cancel(nil)
	for {
		g.reading()
		m, err := s.Recv()
		g.busy()
		if err == nil {
			o.messages = true
			var news bool
			news, err = f.take(ctx, m)
			o.news = o.news || news
		}
		if err != nil {
			o.err = err
			if dead, ok := errors.AsType[*deadError](context.Cause(ctx)); ok && !over(err) {
				o.err = dead // which says more than that the stream was canceled
			}
			return o
		}
	}
}
