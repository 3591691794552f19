package flow

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// ClientCredentials logs a machine in with an OAuth client of its own (RFC 6749
// §4.4). The token endpoint comes from the configuration; the client's ID and
// secret come from here, and are read again at every login.
//
// Errors are [*Error]. The error wraps [auth.ErrRejected] if the server rejects the
// client, and [configstore.ErrNoLogin] if it advertises no login.
type ClientCredentials struct {
	// ClientID names the client.
	ClientID string
	// ClientIDFrom is where the client's ID is read from if ClientID is empty.
	ClientIDFrom Secret
	// Secret is the client's secret. One of Secret, PrivateKey and Assertion is set.
	Secret Secret
	// PrivateKey authenticates the client without a secret that it shares with the server
	// (private_key_jwt).
	PrivateKey PrivateKey
	// Assertion is a JWT that was issued to this workload, such as the token that
	// Kubernetes writes into a file (RFC 7523 §2.2).
	Assertion Secret
	// Scopes are the scopes to request; empty means those of the configuration.
	Scopes []string
	// Audience names the API that the token is for; empty means that of the
	// configuration. It is not a standard parameter, but a common one.
	Audience string
	// Resources are the APIs that the token is for, as RFC 8707 names them.
	Resources []string
	// Extra are further parameters of the token request; never secrets.
	Extra url.Values
	// AuthStyle is how ID and secret are sent; zero means as the configuration says.
	AuthStyle AuthStyle
}

var (
	_ auth.TraitedFlow = ClientCredentials{}
	_ auth.Renewer     = ClientCredentials{}
)

// Obtain asks for a new token.
func (f ClientCredentials) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	c, err := login(ctx, needing(env, "its own"), f.request)
	if err != nil {
		return nil, failed(grantClientCredentials, err)
	}
	c.RefreshToken = "" // RFC 6749 §4.4.3 allows none, and the client can log in again
	return c, nil
}

// Renew is Obtain: a new token needs no person.
func (f ClientCredentials) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Traits returns those of a flow that needs no person, and whose tokens are not stored
// in files: a new one costs one request.
func (f ClientCredentials) Traits() auth.Traits {
	return f.ask().traits(auth.Traits{Name: named(grantClientCredentials, f.ClientID)}, "") // the client is in the name
}

func (f ClientCredentials) request(cfg configstore.ClientConfig) (tokenRequest, error) {
	id, err := f.id()
	if err != nil {
		return tokenRequest{}, err
	}
	form := grantForm(grantClientCredentials)
	asked := f.ask()
	if err := asked.fill(form, cfg); err != nil {
		return tokenRequest{}, err
	}
	req := tokenRequest{clientID: id, style: StyleForm, form: form, idempotent: true, asked: &asked}
	return f.proof().on(req, cfg)
}

func (f ClientCredentials) ask() ask { return ask{f.Scopes, f.Audience, f.Resources, f.Extra} }

func (f ClientCredentials) id() (string, error) {
	if f.ClientID != "" {
		return f.ClientID, nil
	}
	id, err := f.ClientIDFrom.Read()
	if err != nil {
		return "", fmt.Errorf("client ID: %w", err)
	}
	return id, nil
}

func (f ClientCredentials) proof() proof {
	return proof{secret: f.Secret, style: f.AuthStyle, key: f.PrivateKey, assertion: f.Assertion}
}
