package flow

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/fault"
)

const (
	sendLimit    = 30 * time.Second // for all attempts together
	maxRetries   = 2
	firstWait    = time.Second // at most one request a second
	longestWait  = 5 * time.Second
	waitVariance = 4 // up to a quarter is added
)

// issued is what a token request brought.
type issued struct {
	token *oauth2.Token
	doubt string // why its expiry is not known although the server named one

	rotated string // beside an error: the refresh token of an answer that is of no other use
}

// send requests a token. Every error is a [*TokenError].
func send(ctx context.Context, env auth.Env, req tokenRequest) (issued, error) {
	return persist(ctx, env, req, attempt)
}

// once makes one request. caller has the deadline of the caller, ctx the limit of this
// package too.
type once[T any] func(caller, ctx context.Context, hc *http.Client, host string, req tokenRequest) (T, *TokenError)

// persist makes a request up to three times, where repeating it does no harm. What the
// last one brought is returned beside its error.
func persist[T any](ctx context.Context, env auth.Env, req tokenRequest, request once[T]) (T, error) {
	var none T
	host, err := checkEndpoint(env, cmp.Or(req.purpose, "token"), req.endpoint)
	if err != nil {
		te := req.failure(host)
		te.cause = err
		return none, te
	}
	limited, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	for try := 0; ; try++ {
		got, failure := request(ctx, limited, env.HTTP, host, req)
		if failure == nil {
			return got, nil
		}
		wait, ok := failure.retryIn(try, req.idempotent)
		if !ok {
			return got, failure
		}
		if !pause(limited, wait) {
			return got, failure.before(ctx.Err())
		}
		logger(env).DebugContext(ctx, "sending the request to the authorization server again",
			slog.Any("after", failure), slog.Duration("waited", wait))
	}
}

// attempt makes one request. x/oauth2 writes it, with client authentication; the
// transport below it checks the answer, because x/oauth2 reads text as a form, quotes
// whole answers in its errors, and accepts any token type.
func attempt(caller, ctx context.Context, hc *http.Client, host string, req tokenRequest) (issued, *TokenError) {
	req, err := req.proven()
	if err != nil {
		te := req.failure(host)
		te.reason = err.Error()
		return issued{}, te
	}
	known := req.secrets()
	rt := &tokenTransport{base: transportOf(hc), host: host, req: req, known: known}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, hardened(hc, rt))
	cfg := clientcredentials.Config{
		ClientID:       req.clientID,
		ClientSecret:   req.clientSecret,
		TokenURL:       req.endpoint,
		EndpointParams: req.form, // grant_type included: this serves every grant
		AuthStyle:      oauth2.AuthStyleInParams,
	}
	if req.style != StyleForm {
		cfg.AuthStyle = oauth2.AuthStyleInHeader
	}
	token, err := cfg.Token(ctx)
	if err == nil {
		return issued{token: token, doubt: rt.doubt}, nil
	}
	if te := (*TokenError)(nil); errors.As(err, &te) {
		return issued{rotated: rt.rotated}, te
	}
	return issued{rotated: rt.rotated}, req.lost(caller, known, host, err)
}

// lost returns the failure of a request that got no answer, or a part of one.
func (r tokenRequest) lost(caller context.Context, known *fault.Secrets, host string, err error) *TokenError {
	te := networkError(caller, known, err)
	te.Endpoint, te.purpose, te.grant = host, r.purpose, r.grant()
	if broken := (*brokenAnswerError)(nil); errors.As(err, &broken) {
		te.Status, te.content, te.reason = broken.status, broken.content, "the answer broke off"
		te.unanswered = false
	}
	return te
}

// networkError classifies an error of the connection.
func networkError(caller context.Context, known *fault.Secrets, err error) *TokenError {
	deadline, limited := caller.Deadline()
	switch {
	case caller.Err() != nil:
		return &TokenError{cause: caller.Err()}
	case errors.Is(err, context.DeadlineExceeded) && limited && !time.Now().Before(deadline):
		return &TokenError{cause: context.DeadlineExceeded} // the connection noticed before the context did
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &TokenError{reason: "no answer in time"} // our limit, not the caller's: transient
	}
	cert, op := (*tls.CertificateVerificationError)(nil), (*net.OpError)(nil)
	te := &TokenError{cause: withoutSecrets(known, err)}
	if !errors.As(err, &cert) {
		te.unsent = errors.As(err, &op) && op.Op == "dial"
		te.unanswered = true
	}
	return te
}

// retryIn reports whether, and after what time, the same request may be sent again: it
// was not sent, or its grant may be repeated and the server asked to retry soon or did
// not answer. A refresh token that was sent may be used up, so it is never sent twice.
func (e *TokenError) retryIn(try int, idempotent bool) (time.Duration, bool) {
	wait := firstWait << try
	switch busy := e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable; {
	case try >= maxRetries:
		return 0, false
	case e.unsent, idempotent && e.unanswered:
	case idempotent && busy && e.RetryAfter > 0 && e.RetryAfter <= longestWait:
		wait = max(wait, e.RetryAfter)
	default:
		return 0, false
	}
	return wait + rand.N(wait/waitVariance), true //nolint:gosec // spreads load, keeps no secret
}

// pause waits, and reports whether it did: not if ctx would end first, since then the
// present failure is the better answer.
func pause(ctx context.Context, wait time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	return clock.Sleep(ctx, wait) == nil
}
