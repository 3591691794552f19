package clientset

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/interceptors/httprule"
	"github.com/jetway-go/jetway/internal/advice"
	"github.com/jetway-go/jetway/internal/fault"
)

// explainHTTP turns the error of a call by HTTP rules into the one that the caller gets.
func (c *ClientSet) explainHTTP(ctx context.Context, method string, err error) error {
	err = fault.Readable(err)
	_, atLogin := errors.AsType[*auth.Error](err)
	carrier, refused := errors.AsType[*httpauth.Error](err)
	_, own := errors.AsType[*httprule.Error](err)
	switch code := status.Code(err); {
	case errors.Is(err, ErrClosed) && ctx.Err() == nil:
		return c.fail(opCall, ErrClosed)
	case refused && errors.Is(err, ErrPlaintext): // without the code that says to try again
		return c.fail(opCall, carrier)
	case code == codes.Unauthenticated:
		return c.withLoginAdvice(ctx, err)
	case code == codes.FailedPrecondition:
		return c.withSettingAdvice(err)
	case code == codes.Unavailable && atLogin:
		return c.withAdvice(err)
	case code == codes.Unavailable && own:
		return c.withWebAdvice(err)
	case code == codes.DeadlineExceeded && atLogin:
		return c.withLoginTrouble(err)
	case code == codes.Unimplemented && !own:
		return &advisedError{error: err, advice: unservedAdvice(method)}
	}
	return err
}

// withWebAdvice adds what to do about a request that got no answer.
func (c *ClientSet) withWebAdvice(err error) error {
	if advice.IsPermanent(err) {
		return &advisedError{err, c.webCertificateAdvice(err), codes.FailedPrecondition}
	}
	if what := c.webAdvice(err); what != "" {
		return &advisedError{error: err, advice: what}
	}
	return err
}

func (c *ClientSet) webCertificateAdvice(err error) string {
	if name := (x509.HostnameError{}); errors.As(err, &name) {
		return "check the address" + advice.In(c.names.Endpoint) + ": the certificate of " + name.Host + " is for another name"
	}
	return c.words().Certificate(err)
}

func (c *ClientSet) webAdvice(err error) string {
	unknown, isName := errors.AsType[*net.DNSError](err)
	switch {
	case strings.Contains(err.Error(), "proxyconnect "):
		return "the connection goes through a proxy, which WithProxyURL or the environment sets: check it, or do without"
	case isName && unknown.IsNotFound:
		return c.words().NoAddress(unknown.Name)
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the backend speaks no TLS there: write http://" + advice.In(c.names.Endpoint) + ", or check the port"
	case errors.Is(err, syscall.ECONNREFUSED):
		return c.words().Refused()
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return advice.NoNetwork()
	default:
		return ""
	}
}

// withLoginTrouble says what a call was waiting for whose deadline passed in its login.
func (c *ClientSet) withLoginTrouble(err error) error {
	what := c.loginTrouble()
	if what == "" && c.asks {
		what = "a person needs longer to log in: call Login beforehand, with a deadline of minutes"
	}
	if what == "" {
		return err
	}
	return &advisedError{error: err, advice: what}
}
