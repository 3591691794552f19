package flow

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// Token types of RFC 8693 §3.
const (
	TokenTypeJWT     = "urn:ietf:params:oauth:token-type:jwt"
	TokenTypeAccess  = "urn:ietf:params:oauth:token-type:access_token"
	TokenTypeID      = "urn:ietf:params:oauth:token-type:id_token"
	TokenTypeRefresh = "urn:ietf:params:oauth:token-type:refresh_token"
)

// TokenExchange exchanges a token of the workload, such as the one that Kubernetes writes
// into a file, for one that the backend accepts (RFC 8693). The workload then needs no
// secret of its own.
//
// Errors are [*Error]; the error for a rejected token wraps [auth.ErrRejected].
type TokenExchange struct {
	// SubjectToken represents the party that the new token is for, usually a
	// [SecretFile]. It is read again at every login.
	SubjectToken Secret
	// SubjectTokenType is its type; empty means [TokenTypeJWT].
	SubjectTokenType string
	// ActorToken represents the party that acts for the subject; usually not set.
	ActorToken Secret
	// ActorTokenType is its type; empty means [TokenTypeJWT].
	ActorTokenType string
	// RequestedTokenType is the type to request; empty leaves it to the server. The issued
	// token is sent as a bearer token, so a refresh token is an error, and so is any other
	// token_type than Bearer, unless it is a JWT or an ID token.
	RequestedTokenType string
	// ClientID names the client; empty means that of the configuration. Some servers
	// need none.
	ClientID string
	// ClientSecret, PrivateKey or Assertion authenticate the client, where the subject
	// token is not enough; at most one is set.
	ClientSecret Secret
	// PrivateKey signs assertions (private_key_jwt).
	PrivateKey PrivateKey
	// Assertion is a JWT that was issued to the client (RFC 7523 §2.2).
	Assertion Secret
	// AuthStyle is how ClientSecret is sent.
	AuthStyle AuthStyle
	// Scopes are the scopes to request; empty means those of the configuration.
	Scopes []string
	// Audience names the API that the token is for; empty means that of the
	// configuration.
	Audience string
	// Resources are the APIs that the token is for, as RFC 8707 names them.
	Resources []string
	// Extra are further parameters of the token request; never secrets.
	Extra url.Values
}

var (
	_ auth.TraitedFlow = TokenExchange{}
	_ auth.Renewer     = TokenExchange{}
)

const nameExchange = "token_exchange"

// Obtain exchanges the token.
func (f TokenExchange) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	c, err := login(ctx, f.needing(env), f.request)
	if err != nil {
		return nil, failed(nameExchange, err)
	}
	c.RefreshToken = "" // the subject token can be exchanged again
	return c, nil
}

// needing returns env for this login: a client is needed only where one is
// authenticated. A server that needs its ID all the same says so, and then the
// configuration is asked for it.
func (f TokenExchange) needing(env auth.Env) auth.Env {
	if f.proof().none() {
		return needing(env, cmp.Or(f.ClientID, "none"))
	}
	return needing(env, f.ClientID)
}

// Renew is Obtain: the subject token is read again.
func (f TokenExchange) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Traits returns those of a flow that needs no person, and whose tokens are not stored
// in files: a new one costs one request.
func (f TokenExchange) Traits() auth.Traits {
	return f.ask().traits(auth.Traits{Name: named(nameExchange, f.ClientID)}, "") // the client is in the name
}

func (f TokenExchange) ask() ask { return ask{f.Scopes, f.Audience, f.Resources, f.Extra} }

func (f TokenExchange) request(cfg configstore.ClientConfig) (tokenRequest, error) {
	form := grantForm(grantExchange)
	if err := setToken(form, "subject_token", f.SubjectToken, f.SubjectTokenType); err != nil {
		return tokenRequest{}, err
	}
	if f.ActorToken.from != nil {
		if err := setToken(form, "actor_token", f.ActorToken, f.ActorTokenType); err != nil {
			return tokenRequest{}, err
		}
	}
	setIfAny(form, "requested_token_type", f.RequestedTokenType)
	asked := f.ask()
	if err := asked.fill(form, cfg); err != nil {
		return tokenRequest{}, err
	}
	req := tokenRequest{
		clientID: cmp.Or(f.ClientID, cfg.ClientID), style: StyleForm, form: form, idempotent: true, asked: &asked,
	}
	p := f.proof()
	if p.none() {
		return req, nil
	}
	if req.clientID == "" {
		return tokenRequest{}, errNoClient
	}
	return p.on(req, cfg)
}

func (f TokenExchange) proof() proof {
	return proof{secret: f.ClientSecret, style: f.AuthStyle, key: f.PrivateKey, assertion: f.Assertion}
}

func setToken(form url.Values, name string, s Secret, kind string) error {
	token, err := s.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", strings.ReplaceAll(name, "_", " "), err)
	}
	form.Set(name, bareToken(token, ""))
	form.Set(name+"_type", cmp.Or(kind, TokenTypeJWT))
	return nil
}
