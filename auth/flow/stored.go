package flow

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/auth"
)

// Stored uses a login that a person made earlier, and renews it. It never asks
// anybody: without a login it answers [auth.ErrInteractionRequired]. A client set
// that is given no flow uses it.
type Stored struct{}

var (
	_ auth.TraitedFlow = Stored{}
	_ auth.Renewer     = Stored{}
)

const nameStored = auth.StoredFlow

// Obtain says what to do: nobody can log in here.
func (Stored) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return nil, failed(nameStored, fmt.Errorf("%w: there is no usable stored login;"+
		" log in once with an interactive flow, or give this program a flow of its own, such as client credentials", auth.ErrInteractionRequired))
}

// Renew sends the refresh token (RFC 6749 §6) as a public client. The old one is
// kept where the answer brings none. Only a dead refresh token wraps
// [auth.ErrRejected]; all other trouble leaves the login as it is.
func (Stored) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := refresh(ctx, env, client{}, ask{}, prev)
	return c, failed(nameStored, err)
}

// Traits say that a person is behind the login: nothing is asked for before a
// server insists.
func (Stored) Traits() auth.Traits {
	return auth.Traits{Interactive: true, FileStorable: true, Name: auth.StoredFlow}
}

// Revoke takes the tokens of creds back (RFC 7009), the refresh token first. A
// server that cannot is no error.
func (Stored) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return failed(nameStored, revoke(ctx, env, client{}, creds))
}
