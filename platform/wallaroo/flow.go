package wallaroo

import (
	"context"
	"errors"
	"fmt"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// flow returns the flow of the auth type, and the user if that is known before the login.
func (in input) flow(pkce bool) (auth.Flow, string, error) {
	switch in.authType {
	case SSO:
		return in.keycloakLogin(flow.DeviceCode{PKCE: pkce}), "", nil
	case UserPassword:
		c, err := readCredentials(in.env)
		if err != nil {
			return nil, "", err
		}
		return in.keycloakLogin(flow.Password{Username: c.username, Password: flow.SecretValue(c.password)}), c.username, nil
	case Token:
		f := tokenFile{path: in.env.get(EnvCredentials)}
		if f.path == "" {
			return nil, "", &Error{Input: EnvCredentials, Err: joined(in.env.notSet("", EnvCredentials), errNoToken)}
		}
		t, err := f.read()
		return f, t.UserID, err
	default:
		return anonymous{}, "", nil
	}
}

// renewable is what the device and the password flow have in common.
type renewable interface {
	auth.TraitedFlow
	auth.Renewer
	auth.Revoker
}

// login is a flow at Wallaroo's Keycloak. It sets the realm's endpoints, since the
// backend does not advertise them, and returns errors with Wallaroo's texts.
type login struct {
	renewable

	in input
}

func (in input) keycloakLogin(f renewable) auth.Flow { return login{f, in} }

// Obtain logs in.
func (l login) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := l.renewable.Obtain(ctx, l.env(env), prev)
	return c, loginError(err)
}

// Renew uses the refresh token. A session of Keycloak expires about an hour after its
// last refresh.
func (l login) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := l.renewable.Renew(ctx, l.env(env), prev)
	return c, loginError(err)
}

// Revoke revokes the refresh token at Keycloak.
func (l login) Revoke(ctx context.Context, env auth.Env, c *auth.Credentials) error {
	return loginError(l.renewable.Revoke(ctx, l.env(env), c))
}

// String returns the auth type and Keycloak's address. Without it fmt would print fields
// that hold a password.
func (l login) String() string { return string(l.in.authType) + " at " + l.in.keycloak.String() }

// GoString is String.
func (l login) GoString() string { return l.String() }

// Format is String for every verb.
func (l login) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, l.String()) }

// MarshalText makes String what slog and encoding/json write.
func (l login) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

func (l login) env(env auth.Env) auth.Env {
	env.Config = configstore.Static(l.in.config())
	if env.Prompter != nil && l.in.display != "" {
		env.Prompter = displayed{env.Prompter, l.in.keycloak.String() + "/auth", l.in.display}
	}
	env.HTTP = l.in.client(env.HTTP)
	return env
}

// anonymous is the flow for an instance that requires no login.
type anonymous struct{}

var errAnonymous = errors.New("the auth type is none, but the instance requires credentials: set " + EnvAuthType +
	" to sso or user_password")

// Obtain returns an error that wraps ErrNoLogin, so that calls are made without
// credentials.
func (anonymous) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return nil, fmt.Errorf("wallaroo: %w (%w)", errAnonymous, configstore.ErrNoLogin)
}

// Traits returns that the flow needs no user and that there is nothing to store.
func (anonymous) Traits() auth.Traits { return auth.Traits{Name: "wallaroo_none", Unstored: true} }
