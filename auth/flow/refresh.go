package flow

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// refresh sends the refresh token of prev (RFC 6749 §6), for every flow that has one. It
// keeps the old one if the answer has none. Without scopes in the request the new token
// has those that were granted at the login. The refresh token goes to the server that
// issued it and to no other, whatever the configuration says now. Beside an error it
// returns prev with the next refresh token and no access token, if the answer holds one
// and is of no other use.
func refresh(ctx context.Context, env auth.Env, c client, a ask, prev *auth.Credentials) (*auth.Credentials, error) {
	switch {
	case prev == nil:
		return nil, fmt.Errorf("%w; log in again", auth.ErrNotLoggedIn)
	case prev.RefreshToken == "":
		return nil, fmt.Errorf("%w: there is no refresh token; log in again", auth.ErrLoginEnded)
	}
	build := func(cfg configstore.ClientConfig) (tokenRequest, error) {
		if err := mayRefresh(prev, cfg.TokenEndpoint); err != nil {
			return tokenRequest{}, err
		}
		form := grantForm(grantRefresh, "refresh_token", prev.RefreshToken)
		if err := a.fillOwn(form); err != nil {
			return tokenRequest{}, err
		}
		c.id = cmp.Or(prev.ClientID, c.id) // a refresh token belongs to the client that it was issued to
		return c.request(cfg, form)
	}
	env = needing(env, cmp.Or(prev.ClientID, c.id))
	next, rotated, err := exchange(ctx, env, build)
	if inv, ok := env.Config.(configstore.Invalidator); ok && isElsewhere(err) {
		inv.Invalidate() // the cached configuration may have been corrected since
		next, rotated, err = exchange(ctx, env, build)
	}
	if err != nil {
		return withRefresh(prev, rotated), err
	}
	next.RefreshToken = cmp.Or(next.RefreshToken, prev.RefreshToken)
	next.HeaderKey = cmp.Or(next.HeaderKey, prev.HeaderKey)
	next.Audience, next.Scope, next.PurposeKnown = prev.Audience, prev.Scope, prev.PurposeKnown
	if prev.TokenOrigin != "" { // the configuration of the login counts, not the present one
		next.RevocationOrigin = prev.RevocationOrigin
	}
	return next, nil
}

// withRefresh returns prev with another refresh token in place of its tokens, nil if there
// is no other.
func withRefresh(prev *auth.Credentials, rotated string) *auth.Credentials {
	if rotated == "" || rotated == prev.RefreshToken {
		return nil
	}
	next := *prev
	next.AccessToken, next.RefreshToken, next.Expiry, next.IssuedAt = "", rotated, time.Time{}, time.Time{}
	return &next
}
