package clientset

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/jetway-go/jetway/internal/advice"
	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/retryafter"
)

// repeater repeats requests that change nothing after transient failures, as often and
// with the same pauses as calls. It stands below what attaches credentials, so that all
// attempts have the same request id.
type repeater struct {
	wrapped

	most   uint
	closed <-chan struct{}
}

func (t *repeater) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.base.RoundTrip(r)
	for n := uint(0); n < t.most && (err != nil || answer.StatusCode >= http.StatusTooManyRequests); n++ {
		pause, again := pauseAfter(r, answer, err, n)
		if !again {
			break
		}
		body, bodyErr := bodyAgain(r)
		if bodyErr != nil {
			break
		}
		if answer != nil {
			_, _ = io.CopyN(io.Discard, answer.Body, maxDrained)
			_ = answer.Body.Close()
		}
		if waitErr := t.wait(r.Context(), pause); waitErr != nil {
			if body != nil {
				_ = body.Close()
			}
			return nil, waitErr
		}
		attempt := r.WithContext(r.Context())
		attempt.Body = body
		answer, err = t.base.RoundTrip(attempt)
	}
	return answer, err
}

// maxDrained is how much of an answer is read so that its connection can be used again.
const maxDrained = 64 << 10

func (t *repeater) wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.closed:
		return ErrClosed
	}
}

// pauseAfter reports whether the request may be repeated after this end of its attempt
// number n, and after which pause.
func pauseAfter(r *http.Request, answer *http.Response, err error, n uint) (time.Duration, bool) {
	if !changesNothing(r) {
		return 0, false
	}
	if err != nil {
		if r.Context().Err() != nil || advice.IsPermanent(err) || errors.Is(err, ErrClosed) || r.URL.Scheme != "https" && r.URL.Scheme != "http" {
			return 0, false
		}
		return jittered(n), true
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		wait, given := retryafter.Parse(answer.Header.Get("Retry-After"), clock.Clock{}.Read().Wall())
		if given {
			return wait, wait <= maxBackoff
		}
		return jittered(n), true
	default:
		return 0, false
	}
}

// changesNothing reports whether a request is safe (RFC 9110 §9.2.1) and can be sent again.
func changesNothing(r *http.Request) bool {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
	default:
		return false
	}
}

func bodyAgain(r *http.Request) (io.ReadCloser, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body, nil
	}
	return r.GetBody()
}

// jittered returns the pause after attempt number n: that of [transientRetry].
func jittered(n uint) time.Duration {
	wait := maxBackoff
	if n < 8 {
		wait = min(firstBackoff<<n, maxBackoff)
	}
	return time.Duration(float64(wait) * (1 + backoffJitter*(2*rand.Float64()-1))) //nolint:gosec // not a secret
}
