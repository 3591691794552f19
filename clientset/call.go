package clientset

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Invoke makes a unary call, as grpc.ClientConnInterface asks.
func (c *ClientSet) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if !c.gate.enter() {
		return c.fail("call", ErrClosed)
	}
	defer c.gate.leave()
	c.connect()
	if err := c.conn.Invoke(ctx, method, args, reply, opts...); err != nil {
		return c.explain(ctx, err)
	}
	return nil
}

// NewStream begins a stream, as grpc.ClientConnInterface asks. It counts as under
// way until it has ended or ctx is done.
func (c *ClientSet) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if !c.gate.enter() {
		return nil, c.fail("call", ErrClosed)
	}
	c.connect()
	s, err := c.conn.NewStream(ctx, desc, method, opts...)
	if err != nil {
		c.gate.leave()
		return nil, c.explain(ctx, err)
	}
	return newStream(ctx, c, desc, s), nil
}

// connect starts connecting before the first call asks for a token, so that the
// two happen at the same time.
func (c *ClientSet) connect() {
	if !c.connected.Load() && c.connected.CompareAndSwap(false, true) {
		c.conn.Connect()
	}
}

// explain makes of an error of a call what the caller gets.
func (c *ClientSet) explain(ctx context.Context, err error) error {
	cause := c.cause(ctx, err)
	if errors.Is(cause, ErrClosed) || errors.Is(cause, ErrPlaintext) && !errors.Is(err, ErrPlaintext) {
		return c.fail("call", cause)
	}
	return cause
}

// cause adds what only this side knows of an error: that no credentials were sent
// for want of TLS, that Close ended the call, or what to do about it.
func (c *ClientSet) cause(ctx context.Context, err error) error {
	switch status.Code(err) {
	case codes.Unauthenticated:
		if c.guard != nil && !errors.Is(err, ErrPlaintext) {
			return &refusedBareError{c.guard, err}
		}
		return c.withLoginAdvice(err)
	case codes.Canceled:
		if c.isClosed() && ctx.Err() == nil {
			return ErrClosed
		}
	case codes.Unavailable:
		return c.withAdvice(err)
	case codes.DeadlineExceeded:
		return c.withTrouble(err)
	}
	return err
}

// refusedBareError is a server that wants credentials which must not be sent. Its
// status is the server's.
type refusedBareError struct{ guard, answer error }

func (e *refusedBareError) Error() string {
	return "the server wants credentials (" + status.Convert(e.answer).Message() + "), but " + e.guard.Error()
}

func (e *refusedBareError) Unwrap() []error { return []error{e.guard, e.answer} }

func (e *refusedBareError) GRPCStatus() *status.Status {
	return status.New(status.Code(e.answer), e.Error())
}
