package clientset

import (
	"strings"
	"time"

	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
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
	switch c.conn.GetState() {
	case connectivity.Connecting, connectivity.TransientFailure:
	default:
		return err
	}
	advice := "there is no connection to " + c.Endpoint()
	if last := c.trouble.Load(); last != nil && time.Since(last.at) < 2*maxBackoff {
		advice += ": " + c.withAdvice(last.err).Error()
	}
	return &advisedError{err, advice}
}

// trouble is how an attempt failed that is then repeated.
type trouble struct {
	err error
	at  time.Time
}

func (c *ClientSet) note(err error) { c.trouble.Store(&trouble{err, time.Now()}) }
