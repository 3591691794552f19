package flow

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// refresh sends the refresh token of prev (RFC 6749 §6), for every flow that has one. It
// keeps the old one if the answer has none. Without scopes in the request the new token
// has those that were granted at the login. The refresh token goes to the server that
// issued it and to no other, whatever the configuration says now.
func refresh(ctx context.Context, env auth.Env, c client, a ask, prev *auth.Credentials) (*auth.Credentials, error) {
	if prev == nil || prev.RefreshToken == "" {
		return nil, fmt.Errorf("%w: there is no refresh token; log in again", auth.ErrInteractionRequired)
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
		inv.Invalidate() // the cached configuration may have been corrected since
		next, err = login(ctx, env, build)
	}
	if err != nil {
		return nil, err
	}
	next.RefreshToken = cmp.Or(next.RefreshToken, prev.RefreshToken)
	next.HeaderKey = cmp.Or(next.HeaderKey, prev.HeaderKey)
	if prev.TokenOrigin != "" { // the configuration of the login counts, not the present one
		next.RevocationOrigin = prev.RevocationOrigin
	}
	return next, nil
}
