package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

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
	// Secret is the client's secret.
	Secret Secret
	// Scopes to ask for; empty means those of the configuration.
	Scopes []string
	// Audience names the API that the token is for; empty means that of the
	// configuration. It is not a standard parameter, but a common one.
	Audience string
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
func (ClientCredentials) Traits() auth.Traits { return auth.Traits{Name: grantClientCredentials} }

func (f ClientCredentials) request(cfg configstore.ClientConfig) (tokenRequest, error) {
	id, secret, err := f.client()
	if err != nil {
		return tokenRequest{}, err
	}
	style, err := f.AuthStyle.choose(cfg.AuthMethods)
	if err != nil {
		return tokenRequest{}, err
	}
	if style == StyleBasicRaw && strings.Contains(id, ":") {
		return tokenRequest{}, errors.New("a client ID with a colon cannot be sent as StyleBasicRaw, use StyleBasic or StyleForm")
	}
	scopes := f.Scopes
	if len(scopes) == 0 {
		scopes = cfg.Scopes
	}
	form := url.Values{"grant_type": {grantClientCredentials}}
	setIfAny(form, "scope", strings.Join(scopes, " "))
	setIfAny(form, "audience", cmp.Or(f.Audience, cfg.Audience))
	return tokenRequest{clientID: id, clientSecret: secret, style: style, form: form, idempotent: true}, nil
}

func (f ClientCredentials) client() (id, secret string, err error) {
	id = f.ClientID
	if id == "" {
		if id, err = f.ClientIDFrom.read(); err != nil {
			return "", "", fmt.Errorf("client ID: %w", err)
		}
	}
	if secret, err = f.Secret.read(); err != nil {
		return "", "", fmt.Errorf("client secret: %w", err)
	}
	return id, secret, nil
}
