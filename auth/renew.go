package auth

import (
	"context"
	"errors"
	"log/slog"
)

var errNotRenewed = errors.New("nothing to renew")

// extend renews t.prev. Where that cannot be done the error is errNotRenewed, and
// t.prev what is left.
func (a *Authenticator) extend(ctx context.Context, t *task) (*Credentials, error) {
	for range 2 { // once more if somebody has stored another login meanwhile
		if !a.canRenew(t.prev, t.reach) {
			break
		}
		next, err := a.renew(ctx, t)
		switch {
		case err == nil:
			return a.keep(ctx, t, next)
		case errors.Is(err, ErrInteractionRequired): // not here, perhaps elsewhere: it stays stored
			t.prev, t.ended = withoutRefresh(t.prev), err
			return nil, errNotRenewed
		case !errors.Is(err, ErrRejected), !a.traits.Interactive && t.reach == background:
			return nil, a.flightError("renew", err)
		}
		t.ended = err
		if !a.traits.Interactive { // a new login replaces it
			break
		}
		a.log.WarnContext(ctx, "the stored login ended, a new one is needed", slog.Any("error", err))
		t.prev, t.stale = a.forget(ctx, t.prev), false // nothing here is newer than the store any more
		if t.fits(t.prev) {
			return t.prev, nil
		}
	}
	return nil, errNotRenewed
}

// canRenew tells whether a renewal is worth a request. Flows that need nobody
// simply log in again, unless they hold a refresh token or calls still have a
// good credential.
func (a *Authenticator) canRenew(prev *Credentials, r reach) bool {
	if _, ok := a.flow.(Renewer); !ok || prev == nil || r == forced {
		return false
	}
	return prev.RefreshToken != "" || (r == background && !a.traits.Interactive)
}

// renew asks the flow for a renewal. Where that may cost the stored refresh token,
// it is vital from here on: Close spares it and waits until the next one is stored.
func (a *Authenticator) renew(ctx context.Context, t *task) (*Credentials, error) {
	limit := DefaultTimeout
	if !a.traits.Interactive { // a person's time is not what a renewal takes
		limit = a.limit()
	}
	sending := ctx
	if t.prev.RefreshToken != "" && a.store != nil {
		t.vital.Store(true)
		var cancel context.CancelFunc
		sending, cancel = spared(ctx)
		defer cancel()
	}
	if err := ctx.Err(); err != nil { // only now: Close looks after it has cancelled
		return nil, err
	}
	sending, cancel := context.WithTimeout(sending, limit)
	defer cancel()
	next, err := a.flow.(Renewer).Renew(sending, a.env, t.prev) //nolint:forcetypeassert // canRenew has looked
	return checked(next, err)
}
