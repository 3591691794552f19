package kernel

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/jetway-go/jetway/internal/fault"
)

// opRun is the operation of errors of Run.
const opRun = "run"

// writeGrace is how long a request that is being written when its context ends may still
// take: half of one would end the connection.
const writeGrace = time.Second

// Run runs code in the kernel and returns its output. Concurrent runs take turns, in the
// order of their calls. The error is an [*Error]; with every error the Result holds the
// output until then, and says by Complete whether that is all. If ctx ends Run returns at
// once; see the package comment for what then becomes of the code.
func (c *Conn) Run(ctx context.Context, code string, opts ...RunOption) (Result, error) {
	var cfg runConfig
	for _, o := range opts {
		o.applyRun(&cfg)
	}
	if err := c.queue(ctx); err != nil {
		return Result{}, err
	}
	defer func() { <-c.running }()
	t, err := c.begin(ctx, code, cfg)
	if err != nil {
		return Result{}, err
	}
	r, failed := c.follow(ctx, t, cfg)
	if failed != nil {
		return r, failed.of(opRun, true)
	}
	return r, nil
}

// queue waits until all earlier runs have returned, and the kernel is done with them.
func (c *Conn) queue(ctx context.Context) error {
	if ctx.Err() != nil {
		return unfinished(ctx, "it was not started")
	}
	select {
	case <-c.done:
		return c.ended()
	case <-ctx.Done():
		return unfinished(ctx, "it was not started, since the run before it continues")
	case c.running <- struct{}{}:
	}
	if err := c.settle(ctx); err != nil {
		<-c.running
		return err
	}
	return nil
}

// settle waits until the kernel is done with a run that has returned.
func (c *Conn) settle(ctx context.Context) error {
	c.mu.Lock()
	before := c.before
	c.mu.Unlock()
	for _, end := range before.ends() {
		select {
		case <-end:
		case <-ctx.Done():
			return unfinished(ctx, "it was not started: "+c.stuck(before))
		}
	}
	c.mu.Lock()
	c.before = nil
	c.mu.Unlock()
	return nil
}

// stuck says why the kernel is not done with a run that has returned.
func (c *Conn) stuck(before *turn) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cfg.interrupt == nil:
		return "the kernel is not done with the run before it; interrupt the kernel, or set WithInterrupt"
	case before.isOver():
		return "the interrupt of the run before it is still on its way"
	case before.failed != nil:
		return "the run before it could not be interrupted: " + c.secrets.Text(before.failed.Error(), fault.MaxForeign)
	default:
		return "the run before it does not heed the interrupt; restart the kernel"
	}
}

// begin sends the code to a kernel that answers.
func (c *Conn) begin(ctx context.Context, code string, cfg runConfig) (*turn, error) {
	if err := c.greet(ctx); err != nil {
		return nil, err
	}
	expressions := map[string]string{}
	maps.Copy(expressions, cfg.expressions)
	// Runs take turns, so there is nothing behind this one that an exception should stop;
	// and a kernel that has stopped drops for a moment what comes next.
	request := executeRequest{Code: code, Expressions: expressions, StopOnError: false}
	t := newTurn(rand.Text(), c.cfg.maxOutput)
	if err := c.take(t); err != nil {
		return nil, err
	}
	if err := c.send(ctx, t.id, "execute_request", request); err != nil {
		return nil, err
	}
	return t, nil
}

// take makes t the turn whose messages are looked for.
func (c *Conn) take(t *turn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err.of(opRun, false)
	}
	c.turn = t
	return nil
}

// send sends a request.
func (c *Conn) send(ctx context.Context, id, kind string, content any) error {
	form, frame, err := c.codec.encode(header{
		ID: id, Kind: kind, Session: c.cfg.session, User: c.cfg.user,
		Date: time.Now().UTC().Format(time.RFC3339Nano), Protocol: protocol,
	}, content)
	if err != nil {
		return &Error{Kind: ErrProtocol, Op: opRun, Err: err}
	}
	writing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(writeGrace, cancel) })
	defer stop()
	if err := c.write(writing, form, frame); err != nil {
		c.finish(&Error{Kind: ErrClosed, Detail: "the request could not be sent", Err: scrub(err, c.secrets)})
		c.cut()
		return c.ended()
	}
	return nil
}

// write sends a frame in pieces, so that pings are answered between them.
func (c *Conn) write(ctx context.Context, form websocket.MessageType, frame []byte) error {
	const piece = 32 << 10
	if len(frame) <= piece {
		return c.ws.Write(ctx, form, frame)
	}
	w, err := c.ws.Writer(ctx, form)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(frame, piece) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

// follow takes the output of a turn until it ends.
func (c *Conn) follow(ctx context.Context, t *turn, cfg runConfig) (Result, *Error) {
	var r Result
	printed := map[Stream]*strings.Builder{Stdout: {}, Stderr: {}}
	for {
		select {
		case <-t.over:
		case <-t.wake:
		case <-ctx.Done():
		}
		over, err := c.judge(ctx, t) // before its output is taken, so that this is all of it
		for _, o := range c.waiting(t) {
			if add(&r, o, printed); cfg.live != nil {
				cfg.live(o)
			}
		}
		if !over && err == nil {
			continue
		}
		r.Stdout, r.Stderr = printed[Stdout].String(), printed[Stderr].String()
		if err == nil {
			err = t.outcome(&r)
		}
		return r, err
	}
}

// judge reports whether the kernel is done with the turn, or returns why Run does not wait
// for that.
func (c *Conn) judge(ctx context.Context, t *turn) (over bool, err *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case t.err != nil:
		err = t.err
	case t.isOver():
		return true, nil
	case ctx.Err() != nil:
		err = unfinished(ctx, "the result has its output until now")
	default:
		return false, nil
	}
	t.left = true
	if c.turn != t { // the kernel is done with it, or the connection is over
		return false, err
	}
	c.before = t
	if c.cfg.interrupt != nil {
		t.interrupted = make(chan struct{})
		c.work.Go(func() { c.interrupt(ctx, t) })
	}
	return false, err
}

// interrupt interrupts the kernel, for a turn whose Run has returned.
func (c *Conn) interrupt(ctx context.Context, t *turn) {
	defer close(t.interrupted)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), interruptLimit)
	defer cancel()
	c.work.Go(func() {
		select {
		case <-c.done:
			cancel()
		case <-ctx.Done():
		}
	})
	err := c.cfg.interrupt(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	t.failed = err
}

// waiting returns the output that has arrived since the last call.
func (c *Conn) waiting(t *turn) []Output {
	c.mu.Lock()
	pieces := t.waiting
	t.waiting = nil
	c.mu.Unlock()
	outputs := make([]Output, len(pieces))
	for i, p := range pieces {
		outputs[i] = p.Output
		outputs[i].Text = string(p.text)
	}
	return outputs
}

// ended returns why the connection is over.
func (c *Conn) ended() *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err.of(opRun, false)
}

// unfinished returns the error of a run whose context has ended.
func unfinished(ctx context.Context, detail string) *Error {
	return &Error{Kind: ErrUnfinished, Op: opRun, Detail: detail, Err: ending(ctx)}
}

// ending returns the error of a context that has ended, with the cause that it was given.
func ending(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
