package wallaroo

import (
	"context"
	"errors"
	"fmt"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// flow picks the way to log in, and says whose login it is where that is known.
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

// renewable is what both flows of Keycloak are.
type renewable interface {
	auth.TraitedFlow
	auth.Renewer
	auth.Revoker
}

// login is a flow at Wallaroo's Keycloak. It knows the realm's endpoints, so that
// the backend is never asked how to log in, and speaks Wallaroo's words.
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

// Renew uses the refresh token. Keycloak lets a login lapse when nobody has done
// that for about an hour, and starts that time anew whenever somebody does.
func (l login) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := l.renewable.Renew(ctx, l.env(env), prev)
	return c, loginError(err)
}

// Revoke ends the login at Keycloak.
func (l login) Revoke(ctx context.Context, env auth.Env, c *auth.Credentials) error {
	return loginError(l.renewable.Revoke(ctx, l.env(env), c))
}

// String names the way and the instance. Without it fmt would look into fields
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

// anonymous is a login at an instance that wants none.
type anonymous struct{}

var errAnonymous = errors.New("the auth type is none, but the instance wants credentials: set " + EnvAuthType + " to sso or user_password")

// Obtain says that calls go without credentials.
func (anonymous) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return nil, fmt.Errorf("wallaroo: %w (%w)", errAnonymous, configstore.ErrNoLogin)
}

// Traits say that there is nobody to ask and nothing to keep.
func (anonymous) Traits() auth.Traits { return auth.Traits{Name: "wallaroo_none", Unstored: true} }
