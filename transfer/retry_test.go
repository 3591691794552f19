package transfer

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func answered(httpStatus int) *StatusError { return &StatusError{Status: httpStatus} }

func TestWhatPassesIsRepeatedAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"408":                 {answered(http.StatusRequestTimeout), true},
		"429":                 {answered(http.StatusTooManyRequests), true},
		"500":                 {answered(http.StatusInternalServerError), true},
		"502":                 {answered(http.StatusBadGateway), true},
		"503":                 {answered(http.StatusServiceUnavailable), true},
		"504":                 {answered(http.StatusGatewayTimeout), true},
		"501":                 {answered(http.StatusNotImplemented), false},
		"507":                 {answered(http.StatusInsufficientStorage), false},
		"400":                 {answered(http.StatusBadRequest), false},
		"403":                 {answered(http.StatusForbidden), false},
		"404":                 {answered(http.StatusNotFound), false},
		"307":                 {answered(http.StatusTemporaryRedirect), false},
		"403, expired":        {&StatusError{Status: http.StatusForbidden, cause: ErrExpired}, true},
		"reset":               {&networkError{err: syscall.ECONNRESET}, true},
		"certificate":         {&networkError{err: &tls.CertificateVerificationError{Err: errors.New("x")}}, false},
		"plaintext":           {&networkError{err: tls.RecordHeaderError{}}, false},
		"file":                {&networkError{err: &fs.PathError{Op: "read", Err: syscall.EIO}}, false},
		"changed":             {ErrChanged, false},
		"backend unavailable": {status.Error(codes.Unavailable, "x"), true},
		"backend refuses":     {status.Error(codes.PermissionDenied, "x"), false},
	} {
		if got := transient(tc.err); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestPausesGrowToTenSecondsWithJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &retry{most: 9}
		for i, full := range []time.Duration{
			500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
			10 * time.Second, 10 * time.Second, 10 * time.Second,
		} {
			begun := time.Now()
			if err := r.again(t.Context(), answered(http.StatusServiceUnavailable)); err != nil {
				t.Fatalf("after attempt %d: %v", i+1, err)
			}
			if took := time.Since(begun); took < full/2 || took >= full {
				t.Errorf("pause %d: %v, want %v to %v", i+1, took, full/2, full)
			}
		}
		last := answered(http.StatusBadGateway)
		if err := r.again(t.Context(), last); !errors.Is(err, last) {
			t.Errorf("after the last attempt: %v, want the last answer", err)
		}
		r.moved()
		if err := r.again(t.Context(), answered(http.StatusServiceUnavailable)); err != nil {
			t.Errorf("after progress: %v, want the count to begin anew", err)
		}
	})
}

func TestTheHostSaysHowLongToWaitUpToAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := func(wait time.Duration) error {
			return &StatusError{Status: http.StatusServiceUnavailable, RetryAfter: wait}
		}
		begun := time.Now()
		if err := (&retry{most: 2}).again(t.Context(), busy(20*time.Second)); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took < 20*time.Second || took > 22*time.Second {
			t.Errorf("waited %v, want 20 seconds and a little", took)
		}
		begun = time.Now()
		if err := (&retry{most: 2}).again(t.Context(), busy(61*time.Second)); err == nil || time.Since(begun) > 0 {
			t.Errorf("%v after %v, want the answer at once: the host asks for too much", err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := (&retry{most: 2}).again(ctx, busy(20*time.Second)); err == nil || time.Since(begun) > 0 {
			t.Errorf("%v after %v, want the answer at once: the deadline comes first", err, time.Since(begun))
		}
	})
}

func TestAnEndedContextEndsThePauseAndIsInTheError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		r := &retry{most: 9, n: 5}
		err := r.again(ctx, answered(http.StatusServiceUnavailable))
		if !errors.Is(err, context.Canceled) || !errors.As(err, new(*StatusError)) {
			t.Errorf("%v, want the cancellation and the last answer", err)
		}
	})
}

func TestAnExpiredURLIsReplacedAtOnceButNotTwiceInARow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, expired := &retry{most: 9}, &StatusError{Status: http.StatusForbidden, cause: ErrExpired}
		begun := time.Now()
		if err := r.again(t.Context(), expired); err != nil || time.Since(begun) > 0 {
			t.Errorf("first: %v after %v", err, time.Since(begun))
		}
		if err := r.again(t.Context(), expired); err != nil || time.Since(begun) == 0 {
			t.Errorf("second: %v after %v, want a pause", err, time.Since(begun))
		}
	})
}
