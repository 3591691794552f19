package transfer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/clock"
)

const (
	firstPause   = 500 * time.Millisecond
	longestPause = 10 * time.Second
	// longestWait is how long a storage host may ask to wait; the error comes at once if it
	// asks for more.
	longestWait = time.Minute
)

// retry counts the attempts of one exchange.
type retry struct {
	most  int // attempts in a row
	n     int // that failed
	stale bool
}

func (c *Client) retry() *retry { return &retry{most: c.cfg.attempts} }

// moved starts the count anew: an attempt brought the transfer on before it failed.
func (r *retry) moved() { r.n, r.stale = 0, false }

// again returns nil when it is time for another attempt after err. Otherwise it returns the
// error to end with.
func (r *retry) again(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ended(ctx, err)
	}
	r.n++
	if r.n >= r.most || !transient(err) {
		return err
	}
	pause := r.pause(err)
	if pause > longestWait {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return err // which says more than that the time is over
	}
	if clock.Sleep(ctx, pause) != nil {
		return ended(ctx, err)
	}
	return nil
}

// ended returns the context's error, with err where that is another one.
func ended(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w; the last attempt: %w", cause, err)
}

// pause returns how long to wait before the next attempt. A URL that has expired is
// replaced at once, but the next one in a row is not.
func (r *retry) pause(err error) time.Duration {
	if refused, ok := errors.AsType[*StatusError](err); ok {
		if wait := refused.RetryAfter; wait > 0 {
			return wait + jitter(min(wait/10, longestWait-wait))
		}
		if errors.Is(err, ErrExpired) && !r.stale {
			r.stale = true
			return 0
		}
	}
	full := min(firstPause<<min(r.n-1, 10), longestPause)
	return full/2 + jitter(full/2)
}

func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most) //nolint:gosec // spreads load, keeps no secret
}

// transient reports whether another attempt may succeed where err came from this one. An
// expired URL is: the next attempt has another one.
func transient(err error) bool {
	var (
		refused *StatusError
		network *networkError
	)
	switch {
	case errors.Is(err, ErrExpired):
		return true
	case errors.As(err, &refused):
		return passes(refused.Status)
	case errors.As(err, &network):
		return !permanent(network.err)
	default:
		return status.Code(err) == codes.Unavailable // the backend, when it signs
	}
}

// passes reports whether an answer with this HTTP status says "later".
func passes(httpStatus int) bool {
	switch httpStatus {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	}
	return httpStatus >= 500
}

// permanent reports whether a request that got no answer would get none again either: the
// two ends do not trust or understand each other, or the file cannot be read.
func permanent(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) ||
		errors.As(err, new(tls.RecordHeaderError)) ||
		errors.As(err, new(*fs.PathError)) ||
		errors.Is(err, errPage)
}
