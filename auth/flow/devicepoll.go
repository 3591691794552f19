package flow

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/clock"
)

const (
	slowDownStep = 5 * time.Second // RFC 8628 §3.5
	pollLimit    = 10 * time.Second
)

// polling polls a token endpoint until the person has decided (RFC 8628 §3.5).
type polling struct {
	env      auth.Env
	cfg      configstore.ClientConfig
	req      tokenRequest
	interval time.Duration // between an answer and the next request
	expiry   time.Time
}

// run polls until there is a token, a refusal or a time limit.
func (p *polling) run(ctx context.Context) (*auth.Credentials, error) {
	limited, cancel := context.WithDeadline(ctx, p.expiry)
	defer cancel()
	failures := 0
	for {
		if clock.Sleep(limited, p.backedOff(failures)) != nil {
			return nil, p.ended(ctx)
		}
		token, failure := p.ask(ctx, limited)
		switch {
		case failure == nil:
			return credentials(ctx, p.env, token, p.cfg, p.req), nil
		case ctx.Err() != nil || limited.Err() != nil:
			return nil, p.ended(ctx)
		case failure.Code == "authorization_pending":
			failures = 0
		case failure.meaning() == slower:
			failures = 0
			p.interval += slowDownStep // for good
			logger(p.env).DebugContext(ctx, "the server asks for more time between polls", slog.Duration("interval", p.interval))
		case failure.passing():
			failures++
			logger(p.env).DebugContext(ctx, "a poll failed; the login continues", slog.Any("error", failure))
			// A person waits: more than a minute is not waited.
			if asked := min(failure.RetryAfter, longestInterval); asked > 0 && clock.Sleep(limited, asked) != nil {
				return nil, p.ended(ctx)
			}
		default:
			return nil, failure
		}
	}
}

// ask polls once. A poll that takes too long counts as failed, so that the next one can
// use another connection.
func (p *polling) ask(ctx, limited context.Context) (issued, *TokenError) {
	once, cancel := context.WithTimeout(limited, pollLimit)
	defer cancel()
	return attempt(ctx, once, p.env.HTTP, hostOf(p.req.endpoint), p.req)
}

// backedOff doubles the interval for every failure in a row.
func (p *polling) backedOff(failures int) time.Duration {
	return max(p.interval, min(p.interval<<min(failures, 10), longestInterval))
}

// ended returns the error of a login whose time is over, the caller's or its own.
func (p *polling) ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrLoginTimeout
}

// passing reports whether the polling goes on after the failure. Waiting does not change
// a certificate that cannot be verified.
func (e *TokenError) passing() bool {
	cert := (*tls.CertificateVerificationError)(nil)
	return e.meaning() == pollOn && !errors.As(e.cause, &cert)
}
