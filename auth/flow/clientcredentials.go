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
// Errors are [*Error]. A refused client wraps [auth.ErrRejected]; a server
// without any login wraps [configstore.ErrNoLogin].
type ClientCredentials struct {
	// ClientID names the client.
	ClientID string
	// ClientIDFrom is where ClientID comes from when that is empty.
	ClientIDFrom Secret
	// Secret is the client's secret. One of Secret, PrivateKey and Assertion is set.
	Secret Secret
	// PrivateKey proves who the client is without a secret that the server knows
	// too (private_key_jwt).
	PrivateKey PrivateKey
	// Assertion is a JWT that somebody else has made for this workload, such as
	// the token that Kubernetes puts into a file (RFC 7523 §2.2).
	Assertion Secret
	// Scopes to ask for; empty means those of the configuration.
	Scopes []string
	// Audience names the API that the token is for; empty means that of the
	// configuration. It is not a standard parameter, but a common one.
	Audience string
	// Resources are the APIs that the token is for, as RFC 8707 names them.
	Resources []string
	// Extra parameters are sent too, where a server wants some; never secrets.
	Extra url.Values
	// AuthStyle is how ID and secret travel; the zero value asks the
	// configuration.
	AuthStyle AuthStyle
}

var (
	_ auth.TraitedFlow = ClientCredentials{}
	_ auth.Renewer     = ClientCredentials{}
)

// Obtain asks for a new token.
func (f ClientCredentials) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	c, err := login(ctx, env, f.request)
	if err != nil {
		return nil, failed(grantClientCredentials, err)
	}
	c.RefreshToken = "" // RFC 6749 §4.4.3 wants none, and the secret does better
	return c, nil
}

// Renew is Obtain: asking again needs nobody.
func (f ClientCredentials) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Traits say that nobody is needed, and that tokens stay out of files: they are
// cheap to get again.
func (f ClientCredentials) Traits() auth.Traits {
	return auth.Traits{Name: named(grantClientCredentials, f.ClientID)}
}

func (f ClientCredentials) request(cfg configstore.ClientConfig) (tokenRequest, error) {
	id, err := f.id()
	if err != nil {
		return tokenRequest{}, err
	}
	form := grantForm(grantClientCredentials)
	if err := (ask{f.Scopes, f.Audience, f.Resources, f.Extra}).fill(form, cfg); err != nil {
		return tokenRequest{}, err
	}
	req := tokenRequest{clientID: id, style: StyleForm, form: form, idempotent: true}
	return f.proof().on(req, cfg)
}

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
