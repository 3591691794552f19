package flow_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// inTurn gives every request the next answer, and the last one for ever.
func inTurn(hs ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) { hs[min(int(n.Add(1)), len(hs))-1](w, r) }
}

func comeBack(code int, after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", after)
		w.WriteHeader(code)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first    http.HandlerFunc
		requests int
		min, max time.Duration // between the first request and the second
	}{
		"429 for two seconds":    {comeBack(429, "2"), 2, 2 * time.Second, 2500 * time.Millisecond},
		"503 for five seconds":   {comeBack(503, "5"), 2, 5 * time.Second, 6250 * time.Millisecond},
		"503 until a date":       {comeBack(503, time.Date(2000, 1, 1, 0, 0, 3, 0, time.UTC).Format(http.TimeFormat)), 2, 3 * time.Second, 3750 * time.Millisecond},
		"503 for too long":       {comeBack(503, "6"), 1, 0, 0},
		"503 for ages":           {comeBack(503, "99999999999999999999"), 1, 0, 0},
		"503 that says nothing":  {answers(503, "", ""), 1, 0, 0},
		"503 in the past":        {comeBack(503, "-1"), 1, 0, 0},
		"503 that says nonsense": {comeBack(503, "soon"), 1, 0, 0},
		"500 with Retry-After":   {comeBack(500, "1"), 1, 0, 0},
		"400 with Retry-After":   {comeBack(400, "1"), 1, 0, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // midnight, 1 January 2000
				rec, env := inMemoryEndpoint(inTurn(tc.first, grants(goodToken)))
				_, err := machine().Obtain(t.Context(), env, nil)
				got := rec.requests()
				if len(got) != tc.requests || (err == nil) != (tc.requests == 2) {
					t.Fatalf("%d requests and error %v, want %d requests", len(got), err, tc.requests)
				}
				if tc.requests == 2 {
					if gap := got[1].at.Sub(got[0].at); gap < tc.min || gap > tc.max {
						t.Errorf("came back after %v, want %v to %v", gap, tc.min, tc.max)
					}
				}
			})
		})
	}
}

// Grants that use nothing up are asked for again, however they prove themselves.
func TestMachinesLogInAgainAfterAnOutage(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]auth.Flow{
		"secret":    machine(),
		"assertion": flow.ClientCredentials{ClientID: "batch", Assertion: flow.SecretValue("a")},
		"exchange":  flow.TokenExchange{SubjectToken: flow.SecretValue("s")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, env := inMemoryEndpoint(inTurn(comeBack(503, "1"), grants(goodToken)))
				if _, err := f.Obtain(t.Context(), env, nil); err != nil || len(rec.requests()) != 2 {
					t.Errorf("got %v after %d requests, want a token after two", err, len(rec.requests()))
				}
			})
		})
	}
}

func TestRetryAfterIsReported(t *testing.T) {
	t.Parallel()
	_, env := tokenEndpoint(t, comeBack(429, "120"))
	_, err := machine().Obtain(t.Context(), env, nil)
	te := (*flow.TokenError)(nil)
	if !errors.As(err, &te) || te.RetryAfter != 2*time.Minute || te.Status != 429 {
		t.Fatalf("got %v, want Retry-After of two minutes", err)
	}
	contains(t, err.Error(), "asks to wait 2m0s")
}

// A down server sees at most one request a second, and three in all.
func TestRetriesKeepTheirDistance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		_, env := inMemoryEndpoint(nil)
		env.HTTP.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
			times = append(times, time.Now())
			return nil, io.ErrUnexpectedEOF // the connection broke, nothing was said
		})
		_, err := machine().Obtain(t.Context(), env, nil)
		if !errors.Is(err, io.ErrUnexpectedEOF) || status.Code(err) != codes.Unavailable || len(times) != 3 {
			t.Fatalf("%v after %d requests, want the network's error after 3", err, len(times))
		}
		for i := 1; i < len(times); i++ {
			if gap := times[i].Sub(times[i-1]); gap < time.Second {
				t.Errorf("request %d came %v after the one before", i, gap)
			}
		}
	})
}

// A refresh token that has left may be used up: it is sent again only if it
// cannot have left.
func TestRefreshIsNotSentTwice(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		err      error
		requests int
	}{
		"broken connection": {io.ErrUnexpectedEOF, 1},
		"never connected":   {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, 3},
	}
	for name, tc := range failures {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				_, env := inMemoryEndpoint(nil)
				env.HTTP.Transport = roundTrip(func(*http.Request) (*http.Response, error) { n++; return nil, tc.err })
				_, err := flow.Stored{}.Renew(t.Context(), env, person())
				if err == nil || errors.Is(err, auth.ErrRejected) || n != tc.requests {
					t.Errorf("%v after %d requests, want passing trouble after %d", err, n, tc.requests)
				}
			})
		})
	}
	t.Run("asked to come back", func(t *testing.T) {
		t.Parallel()
		rec, env := tokenEndpoint(t, comeBack(503, "1"))
		_, err := flow.Stored{}.Renew(t.Context(), env, person())
		if n := len(rec.requests()); n != 1 || status.Code(err) != codes.Unavailable {
			t.Errorf("%v after %d requests", err, n)
		}
	})
}

// A certificate that is not trusted stays so.
func TestUntrustedCertificateIsNotRetried(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	srv := httptest.NewUnstartedServer(grants(goodToken))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.StartTLS()
	defer srv.Close()
	env := auth.Env{HTTP: client(t), Config: &config{now: configstore.ClientConfig{TokenEndpoint: srv.URL}}}
	_, err := machine().Obtain(t.Context(), env, nil)
	if cert := (*tls.CertificateVerificationError)(nil); !errors.As(err, &cert) || connections.Load() != 1 {
		t.Errorf("%v after %d connections, want the certificate's error after one", err, connections.Load())
	}
}

// Waiting never outlasts the caller: the failure at hand comes back at once.
func TestRetryFitsTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec, env := inMemoryEndpoint(comeBack(503, "3"))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		_, err := machine().Obtain(ctx, env, nil)
		if time.Since(start) != 0 || len(rec.requests()) != 1 || status.Code(err) != codes.Unavailable {
			t.Errorf("%v after %v and %d requests, want Unavailable at once", err, time.Since(start), len(rec.requests()))
		}
	})
}

// A caller that leaves gets the error of its context, and what it was waiting for.
func TestCancellationEndsTheWait(t *testing.T) {
	t.Parallel()
	broken := func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	for said, network := range map[string]http.RoundTripper{"HTTP 503": inMemory{comeBack(503, "3")}, "unexpected EOF": roundTrip(broken)} {
		t.Run(said, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, env := inMemoryEndpoint(nil)
				env.HTTP.Transport = network
				const leave = 500 * time.Millisecond
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(leave, cancel)
				start := time.Now()
				_, err := machine().Obtain(ctx, env, nil)
				if took := time.Since(start); took != leave || !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled {
					t.Errorf("%v with code %v after %v, want the caller's cancellation", err, status.Code(err), took)
				}
				contains(t, fmt.Sprint(err), said, "context canceled")
			})
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
