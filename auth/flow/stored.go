package flow

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/auth"
)

// Stored uses a login that a person made earlier, and refreshes it. It never asks a
// person: without a stored login its error wraps [auth.ErrInteractionRequired]. A client
// set without a flow uses it.
type Stored struct{}

var (
	_ auth.TraitedFlow = Stored{}
	_ auth.Renewer     = Stored{}
)

const nameStored = auth.StoredFlow

// Obtain returns an error that says how to get a login: this flow makes none. The error
// wraps [auth.ErrNotLoggedIn] without prev, and [auth.ErrLoginEnded] with it.
func (Stored) Obtain(_ context.Context, _ auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	if prev != nil {
		return nil, failed(nameStored, fmt.Errorf("%w; log in again with a flow for people, such as flow.Auto", auth.ErrLoginEnded))
	}
	return nil, failed(nameStored, fmt.Errorf("%w;"+
		" make one with a flow for people, such as flow.Auto, or give this program a flow of its own, such as client credentials",
		auth.ErrNotLoggedIn))
}

// Renew sends the refresh token (RFC 6749 §6) as a public client. It keeps the old
// refresh token if the response contains none. The error wraps [auth.ErrRejected] only
// if the refresh token has expired or was revoked; every other error leaves the stored
// login as it is.
func (Stored) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := refresh(ctx, env, client{}, ask{}, prev)
	return c, failed(nameStored, err)
}

// Traits returns those of an interactive flow: nothing is requested before a server
// rejects a call.
func (Stored) Traits() auth.Traits {
	return auth.Traits{Interactive: true, FileStorable: true, Name: auth.StoredFlow}
}

// Revoke revokes the tokens of creds (RFC 7009), the refresh token first. It returns
// nil if the server does not support revocation.
func (Stored) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return failed(nameStored, revoke(ctx, env, client{}, creds))
}
