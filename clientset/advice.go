package clientset

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

// advisedError is an error with advice added to its text, and with another code if
// that is set. In everything else it is the error that it holds.
type advisedError struct {
	error
	advice string
	code   codes.Code // OK: that of the error
}

func (e *advisedError) Error() string { return e.text(e.error.Error()) }

// text adds the advice to what the error says, corrects the code in that, and shortens
// the page that it may quote.
func (e *advisedError) text(said string) string {
	if e.code != codes.OK {
		was := status.Code(e.error)
		said = strings.Replace(said, "code = "+was.String()+" desc", "code = "+e.code.String()+" desc", 1)
	}
	return fault.ShortPage(said) + "; " + e.advice
}

func (e *advisedError) Unwrap() error { return e.error }

func (e *advisedError) GRPCStatus() *status.Status {
	st := status.Convert(e.error).Proto()
	st.Message = e.text(st.GetMessage())
	if e.code != codes.OK {
		st.Code = int32(e.code) //nolint:gosec // codes are small
	}
	return status.FromProto(st)
}

// withAdvice adds what to do about a connection that cannot be made: gRPC says only
// what it saw. What repeating cannot change is FailedPrecondition.
func (c *ClientSet) withAdvice(err error) error {
	advice, permanent := c.diagnose(err)
	switch {
	case permanent:
		return &advisedError{err, advice, codes.FailedPrecondition}
	case advice != "":
		return &advisedError{error: err, advice: advice}
	default:
		return err
	}
}

// withTrouble says why a deadline may have passed: the caller does not see the
// errors of attempts that are repeated while there is time.
func (c *ClientSet) withTrouble(ctx context.Context, of operation, err error) error {
	login, paused := (*auth.Error)(nil), (*interruptedError)(nil)
	var advice string
	if errors.As(err, &login) {
		advice = c.loginTrouble()
	}
	switch state := c.conn.GetState(); {
	case advice != "":
	case state == connectivity.Connecting, state == connectivity.TransientFailure:
		advice = "there is no connection to " + c.Endpoint()
		if last := c.trouble.Load(); last != nil && time.Since(last.at) < 2*maxBackoff {
			advice += ": " + c.withAdvice(last.err).Error()
		}
	case login != nil && c.asks && of.op == opLogin:
		advice = "a person needs longer to log in: a deadline of minutes is right for Login"
	case login != nil && c.asks:
		advice = "a person needs longer to log in: call Login beforehand, with a deadline of minutes"
	case errors.As(err, &paused):
		last := status.Convert(paused.last)
		advice = "the attempt before that ended with " + last.Code().String() + ": " + fault.Foreign(last.Message(), fault.MaxForeign)
	case of.op == opCall && login == nil && !of.answered && state == connectivity.Ready && ctx.Err() != nil:
		advice = "the connection to " + c.Endpoint() + " is up, but no answer came before the deadline: " +
			"give the call more time, or find out what keeps the backend, or a proxy in front of it, from answering"
	default:
		return err
	}
	return &advisedError{error: err, advice: advice}
}

// trouble is the error of an attempt that may be repeated.
type trouble struct {
	err error
	at  time.Time
}

func (c *ClientSet) note(err error) { c.trouble.Store(&trouble{err, time.Now()}) }
