package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/configstore"
)

// logIn has the flow log in.
func (a *Authenticator) logIn(ctx context.Context, t *task) (*Credentials, error) {
	if a.traits.Interactive {
		t.others.release()
	}
	next, err := a.obtain(ctx, t)
	switch {
	case err == nil:
		t.anew = true
		return a.keep(ctx, t, next)
	case errors.Is(err, configstore.ErrNoLogin) && t.reach < attended:
		return nil, nil //nolint:nilnil // calls go without
	case t.ended != nil:
		err = fmt.Errorf("%w (the login before it: %v)", err, t.ended) //nolint:errorlint // history, not the cause
	}
	return nil, a.flightError("login", err)
}

func (a *Authenticator) obtain(ctx context.Context, t *task) (*Credentials, error) {
	t.vital.Store(false)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := a.limit()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	next, err := a.flow.Obtain(ctx, a.env, t.prev)
	if err != nil && a.traits.Interactive && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w: nobody finished it within %v: %w", ErrDeclined, limit, err)
	}
	return checked(next, err)
}

// limit is how long the flow's login may take.
func (a *Authenticator) limit() time.Duration {
	if a.traits.Timeout > 0 {
		return a.traits.Timeout
	}
	return DefaultTimeout
}

// checked refuses an answer that is neither credentials nor an error.
func checked(c *Credentials, err error) (*Credentials, error) {
	if err == nil && (c == nil || c.AccessToken == "") {
		return nil, errors.New("the login ended without an access token")
	}
	return c, err
}
