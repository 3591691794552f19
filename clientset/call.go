package clientset

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

// Invoke makes a unary call. It implements grpc.ClientConnInterface.
func (c *ClientSet) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if !c.gate.enter() {
		return notMade(opts, c.fail(opCall, ErrClosed))
	}
	defer c.gate.leave()
	if c.clusters.serve(method) {
		return c.clusters.router.Invoke(ctx, method, args, reply, opts...)
	}
	return c.invoke(ctx, method, args, reply, opts...)
}

// invoke makes a unary call of which the gate knows on the connection of c.
func (c *ClientSet) invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	c.connect(opts)
	if err := c.cc.Invoke(ctx, method, args, reply, opts...); err != nil {
		return c.explain(ctx, operation{op: opCall, method: method}, err)
	}
	return nil
}

// NewStream begins a stream. It implements grpc.ClientConnInterface. The stream is
// under way until it ends or ctx is done.
func (c *ClientSet) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if c.clusters.serve(method) {
		return c.clusters.router.NewStream(ctx, desc, method, opts...)
	}
	return c.newStream(ctx, desc, method, opts...)
}

// newStream begins a stream on the connection of c.
func (c *ClientSet) newStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if !c.gate.enter() {
		return nil, notMade(opts, c.fail(opCall, ErrClosed))
	}
	c.connect(opts)
	s, err := c.cc.NewStream(ctx, desc, method, opts...)
	if err != nil {
		c.gate.leave()
		return nil, c.explain(ctx, operation{op: opCall, method: method}, err)
	}
	return newStream(ctx, c, desc, method, s), nil
}

// notMade runs the OnFinish callbacks of a call that is not made because of err, and
// returns err.
func notMade(opts []grpc.CallOption, err error) error {
	for _, o := range opts {
		if on, ok := o.(grpc.OnFinishCallOption); ok {
			on.OnFinish(err)
		}
	}
	return err
}

// connect starts connecting before the first call asks for a token, so that the
// two happen at the same time.
func (c *ClientSet) connect(opts []grpc.CallOption) {
	if c.conn != nil && !c.connected.Load() && c.connected.CompareAndSwap(false, true) {
		c.conn.Connect()
	}
	if waitsForConnection(opts) {
		c.hurry()
	}
}

// operation is what an error is about.
type operation struct {
	op, method string // method: of a call
	answered   bool   // messages had arrived before
}

// explain turns the error of a call into the one that the caller gets.
func (c *ClientSet) explain(ctx context.Context, of operation, err error) error {
	cause := c.cause(ctx, of, err)
	if errors.Is(cause, ErrClosed) || errors.Is(cause, ErrPlaintext) && !errors.Is(err, ErrPlaintext) {
		return c.fail(opCall, cause)
	}
	return cause
}

// cause adds what only this side knows of an error: that no credentials were sent because
// there is no TLS, that Close ended it, or what to do about it. Errors of a connection that
// the program made stay as they are.
func (c *ClientSet) cause(ctx context.Context, of operation, err error) error {
	if err = fault.Readable(err); c.conn == nil {
		return err
	}
	switch status.Code(err) {
	case codes.Unauthenticated:
		if c.guard != nil && !errors.Is(err, ErrPlaintext) {
			return &refusedBareError{c.guard, err}
		}
		return c.withLoginAdvice(ctx, err)
	case codes.Canceled:
		if c.isClosed() && ctx.Err() == nil {
			return ErrClosed
		}
	case codes.FailedPrecondition:
		return c.withSettingAdvice(err)
	case codes.Unavailable:
		advised := c.withAdvice(err)
		if status.Code(advised) == codes.Unavailable { // another connection may be better
			c.hurry()
		}
		return advised
	case codes.Unknown, codes.Unimplemented, codes.Internal:
		return c.withAnswerAdvice(of, err)
	case codes.DeadlineExceeded:
		return c.withTrouble(ctx, of, err)
	}
	return err
}

// refusedBareError says that the server wants credentials, and that they must not be
// sent. Its status is the server's.
type refusedBareError struct{ guard, answer error }

func (e *refusedBareError) Error() string {
	return "the server wants credentials (" + fault.Foreign(status.Convert(e.answer).Message(), fault.MaxForeign) + "), but " + e.guard.Error()
}

func (e *refusedBareError) Unwrap() []error { return []error{e.guard, e.answer} }

func (e *refusedBareError) GRPCStatus() *status.Status {
	return status.New(status.Code(e.answer), e.Error())
}
