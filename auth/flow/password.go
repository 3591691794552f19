package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// Password logs in with a user name and a password (RFC 6749 §4.3).
//
// OAuth 2.1 drops this grant, because the program sees a person's password and no second
// factor is possible. Use it only for a server that supports nothing else.
//
// Errors are [*Error]; the error for a wrong password wraps [auth.ErrRejected].
type Password struct {
	// Username is the name of the user.
	Username string
	// Password is read again at every login.
	Password Secret
	// ClientID names the client; empty means that of the configuration.
	ClientID string
	// ClientSecret is the client's secret, where it has one.
	ClientSecret Secret
	// AuthStyle is how ClientSecret is sent.
	AuthStyle AuthStyle
	// Scopes are the scopes to request; empty means those of the configuration.
	Scopes []string
	// Audience names the API that the token is for; empty means that of the
	// configuration.
	Audience string
	// Resources are the APIs that the token is for, as RFC 8707 names them.
	Resources []string
	// Extra parameters go with every token request, refreshes too; never secrets.
	Extra url.Values
}

var (
	_ auth.TraitedFlow = Password{}
	_ auth.Renewer     = Password{}
)

// Obtain sends the password.
func (f Password) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	c, err := login(ctx, needing(env, f.ClientID), f.request)
	return c, failed(grantPassword, err)
}

// Renew sends the refresh token of prev, or the password if there is no refresh token
// or another server issued it.
func (f Password) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	if prev == nil || prev.RefreshToken == "" {
		return f.Obtain(ctx, env, prev)
	}
	c, err := refresh(ctx, env, f.client(), ask{resources: f.Resources, extra: f.Extra}, prev)
	if isElsewhere(err) {
		logger(env).InfoContext(ctx, "another server issued the refresh token; logging in with the password", slog.Any("reason", err))
		return f.Obtain(ctx, env, prev)
	}
	return c, failed(grantPassword, err)
}

// Revoke revokes the tokens of creds (RFC 7009), the refresh token first. It returns
// nil if the server does not support revocation.
func (f Password) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return failed(grantPassword, revoke(ctx, env, f.client(), creds))
}

// Traits returns those of a flow that needs no person. Their Name contains the user
// name, so that no user gets the stored login of another.
func (f Password) Traits() auth.Traits {
	return f.ask().traits(auth.Traits{Name: named(grantPassword, f.Username), FileStorable: true}, f.ClientID)
}

func (f Password) ask() ask { return ask{f.Scopes, f.Audience, f.Resources, f.Extra} }

// named returns a storage name of its own for each identity.
func named(name, identity string) string {
	if identity == "" {
		return name
	}
	return name + "/" + identity
}

func (f Password) client() client { return client{f.ClientID, f.ClientSecret, f.AuthStyle} }

func (f Password) request(cfg configstore.ClientConfig) (tokenRequest, error) {
	if f.Username == "" {
		return tokenRequest{}, setting(errors.New("no user name: set Username"))
	}
	password, err := f.Password.Read()
	if err != nil {
		return tokenRequest{}, fmt.Errorf("password: %w", err)
	}
	form := grantForm(grantPassword, "username", f.Username, "password", password)
	asked := f.ask()
	if err := asked.fill(form, cfg); err != nil {
		return tokenRequest{}, err
	}
	req, err := f.client().request(cfg, form)
	req.asked = &asked
	return req, err
}
