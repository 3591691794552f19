package flow

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// refresh sends the refresh token of prev (RFC 6749 §6), for every flow that has
// one. The old one is kept where the answer brings none. Scopes are left out: the
// answer then has those that the login was granted. It goes to the server that
// issued it and to no other, whatever the configuration says by now.
func refresh(ctx context.Context, env auth.Env, c client, a ask, prev *auth.Credentials) (*auth.Credentials, error) {
	if prev == nil || prev.RefreshToken == "" {
		return nil, fmt.Errorf("%w: the login holds no refresh token, log in again", auth.ErrInteractionRequired)
	}
	build := func(cfg configstore.ClientConfig) (tokenRequest, error) {
		if err := mayRenew(prev, cfg.TokenEndpoint); err != nil {
			return tokenRequest{}, err
		}
		form := grantForm(grantRefresh, "refresh_token", prev.RefreshToken)
		if err := a.fillOwn(form); err != nil {
			return tokenRequest{}, err
		}
		c.id = cmp.Or(prev.ClientID, c.id) // a refresh token belongs to the client that it was issued to
		return c.request(cfg, form)
	}
	next, err := login(ctx, env, build)
	if inv, ok := env.Config.(configstore.Invalidator); ok && isElsewhere(err) {
		inv.Invalidate() // what is remembered may have been set back since
		next, err = login(ctx, env, build)
	}
	if err != nil {
		return nil, err
	}
	next.RefreshToken = cmp.Or(next.RefreshToken, prev.RefreshToken)
	next.HeaderKey = cmp.Or(next.HeaderKey, prev.HeaderKey)
	if prev.TokenOrigin != "" { // what is configured by now has no say in it
		next.RevocationOrigin = prev.RevocationOrigin
	}
	return next, nil
}
