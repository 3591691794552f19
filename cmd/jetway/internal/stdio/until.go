package stdio

import (
	"context"
	"io"
)

// Until returns a reader of in that ends with ctx, with its cause: a read of a pipe that
// another program does not write to cannot be ended otherwise. What in delivers after that
// is lost. The reader is for one goroutine at a time.
func Until(ctx context.Context, in io.Reader) io.Reader { return &until{ctx: ctx, in: in} }

type until struct {
	ctx  context.Context //nolint:containedctx // io.Reader has none
	in   io.Reader
	room []byte // of the read under way: the caller has its own back when ctx ends
}

// Read reads into p.
func (u *until) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	if len(u.room) < len(p) {
		u.room = make([]byte, len(p))
	}
	room := u.room[:len(p)]
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := u.in.Read(room)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, room[:r.n]), r.err
	case <-u.ctx.Done():
		return 0, context.Cause(u.ctx)
	}
}
