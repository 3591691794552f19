package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// Stored uses a login that a person made earlier, and renews it. It never asks
// anybody: without a login it answers [auth.ErrInteractionRequired]. A client set
// that is given no flow uses it.
type Stored struct{}

var (
	_ auth.TraitedFlow = Stored{}
	_ auth.Renewer     = Stored{}
)

// nameStored is the storage name of Stored.
const nameStored = "stored"

// Obtain says what to do: nobody can log in here.
func (Stored) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return nil, failed(nameStored, fmt.Errorf("%w: there is no usable stored login;"+
		" log in once with an interactive flow, or give this program a flow of its own, such as client credentials", auth.ErrInteractionRequired))
}

// Renew sends the refresh token (RFC 6749 §6) as a public client. The old one is
// kept where the answer brings none. Only a dead refresh token wraps
// [auth.ErrRejected]; all other trouble leaves the login as it is.
func (Stored) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	if prev == nil || prev.RefreshToken == "" {
		return nil, failed(nameStored, fmt.Errorf("%w: the stored login holds no refresh token, log in again", auth.ErrInteractionRequired))
	}
	c, err := login(ctx, env, func(cfg configstore.ClientConfig) (tokenRequest, error) { return refreshRequest(cfg, prev) })
	if err != nil {
		return nil, failed(nameStored, err)
	}
	c.HeaderKey = cmp.Or(c.HeaderKey, prev.HeaderKey)
	return c, nil
}

// Traits say that a person is behind the login: nothing is asked for before a
// server insists.
func (Stored) Traits() auth.Traits {
	return auth.Traits{Interactive: true, FileStorable: true, Name: nameStored}
}

// refreshRequest is the refresh grant of a public client, for every flow that
// has one.
func refreshRequest(cfg configstore.ClientConfig, prev *auth.Credentials) (tokenRequest, error) {
	id := cmp.Or(prev.ClientID, cfg.ClientID) // a refresh token belongs to the client that it was issued to
	if id == "" {
		return tokenRequest{}, errors.New("the configuration names no client: set ClientConfig.ClientID")
	}
	return tokenRequest{
		clientID: id,
		style:    StyleForm,
		form:     url.Values{"grant_type": {grantRefresh}, "refresh_token": {prev.RefreshToken}},
	}, nil
}
