package clientset

import (
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// advisedError is an error with something added to its text; it is in everything
// else the error it holds.
type advisedError struct {
	error
	advice string
}

func (e *advisedError) Error() string { return e.error.Error() + "; " + e.advice }

func (e *advisedError) Unwrap() error { return e.error }

func (e *advisedError) GRPCStatus() *status.Status {
	st := status.Convert(e.error).Proto()
	st.Message += "; " + e.advice
	return status.FromProto(st)
}

// withAdvice says what to do about a connection that cannot be made, where gRPC
// says only what it saw.
func (c *ClientSet) withAdvice(err error) error {
	var advice string
	switch text := err.Error(); {
	case !c.plaintext && strings.Contains(text, "first record does not look like a TLS handshake"):
		advice = "if the backend speaks no TLS there, write http:// or add WithInsecure"
	case c.plaintext && strings.Contains(text, "error reading server preface: EOF"):
		advice = "if the backend wants TLS there, write https:// or drop WithInsecure"
	case strings.Contains(text, "certificate signed by unknown authority"):
		advice = "WithCAFile trusts an authority of your own"
	case strings.Contains(text, "x509: certificate is valid for "), strings.Contains(text, "x509: certificate is not valid for any names"):
		advice = "check the address; if it is right, WithServerName tells the name that the backend's certificate has"
	case strings.Contains(text, "name resolver error: produced zero addresses"):
		advice = "the name in the endpoint has no address"
	default:
		return err
	}
	return &advisedError{err, advice}
}

// withTrouble says why a deadline may have passed: an attempt that failed is
// repeated without a word for as long as there is time.
func (c *ClientSet) withTrouble(err error) error {
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
	case login != nil && c.asks:
		advice = "a person needs longer to log in: call Login beforehand, with a deadline of minutes"
	case errors.As(err, &paused):
		last := status.Convert(paused.last)
		advice = "the attempt before that ended with " + last.Code().String() + ": " + last.Message()
	default:
		return err
	}
	return &advisedError{err, advice}
}

// withLoginAdvice says what to do about a login that cannot be, where a flow
// cannot know which option it lacks.
func (c *ClientSet) withLoginAdvice(err error) error {
	switch {
	case c.mute && errors.Is(err, auth.ErrInteractionRequired):
		return &advisedError{err, "WithPrompter tells how to speak to a person here"}
	case errors.Is(err, configstore.ErrNoLogin):
		return &advisedError{err, "such a backend is called without a token; if it wants one all the same, " +
			"WithClientConfig or WithConfigStore says where to log in"}
	}
	return err
}

// trouble is how an attempt failed that is then repeated.
type trouble struct {
	err error
	at  time.Time
}

func (c *ClientSet) note(err error) { c.trouble.Store(&trouble{err, time.Now()}) }
