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

// TokenExchange trades a token that a workload has for one that the backend takes
// (RFC 8693), such as the one that Kubernetes puts into a file. So the workload
// needs no secret of its own.
//
// Errors are [*Error]. A refused token wraps [auth.ErrRejected].
type TokenExchange struct {
	// SubjectToken is whom the new token is for, usually a [SecretFile]. It is read
	// again at every login.
	SubjectToken Secret
	// SubjectTokenType tells what it is; empty means [TokenTypeJWT].
	SubjectTokenType string
	// ActorToken is who acts for the subject; usually not set.
	ActorToken Secret
	// ActorTokenType tells what it is; empty means [TokenTypeJWT].
	ActorTokenType string
	// RequestedTokenType tells what to get; empty leaves it to the server. What
	// comes is sent as a bearer token, so it is refused if it is a refresh token, or
	// of a type that the server says is not for that, unless it is a JWT or an ID
	// token.
	RequestedTokenType string
	// ClientID names the client; empty means that of the configuration. Some
	// servers want none at all.
	ClientID string
	// ClientSecret, PrivateKey or Assertion prove who the client is, where the
	// subject token is not enough; at most one is set.
	ClientSecret Secret
	// PrivateKey signs assertions (private_key_jwt).
	PrivateKey PrivateKey
	// Assertion is a JWT made by somebody else (RFC 7523 §2.2).
	Assertion Secret
	// AuthStyle is how a ClientSecret travels.
	AuthStyle AuthStyle
	// Scopes to ask for; empty means those of the configuration.
	Scopes []string
	// Audience names the API that the token is for; empty means that of the
	// configuration.
	Audience string
	// Resources are the APIs that the token is for, as RFC 8707 names them.
	Resources []string
	// Extra parameters are sent too, where a server wants some; never secrets.
	Extra url.Values
}

var (
	_ auth.TraitedFlow = TokenExchange{}
	_ auth.Renewer     = TokenExchange{}
)

const nameExchange = "token_exchange"

// Obtain trades the token.
func (f TokenExchange) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	c, err := login(ctx, env, f.request)
	if err != nil {
		return nil, failed(nameExchange, err)
	}
	c.RefreshToken = "" // trading again needs nobody and no memory
	return c, nil
}

// Renew is Obtain: the subject token is read again.
func (f TokenExchange) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Traits say that nobody is needed, and that tokens stay out of files: they are
// cheap to get again.
func (f TokenExchange) Traits() auth.Traits {
	return auth.Traits{Name: named(nameExchange, f.ClientID)}
}

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
	if err := (ask{f.Scopes, f.Audience, f.Resources, f.Extra}).fill(form, cfg); err != nil {
		return tokenRequest{}, err
	}
	req := tokenRequest{clientID: cmp.Or(f.ClientID, cfg.ClientID), style: StyleForm, form: form, idempotent: true}
	p := proof{secret: f.ClientSecret, style: f.AuthStyle, key: f.PrivateKey, assertion: f.Assertion}
	if p.none() {
		return req, nil
	}
	if req.clientID == "" {
		return tokenRequest{}, errNoClient
	}
	return p.on(req, cfg)
}

func setToken(form url.Values, name string, s Secret, kind string) error {
	token, err := s.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", strings.ReplaceAll(name, "_", " "), err)
	}
	form.Set(name, strings.TrimSpace(token))
	form.Set(name+"_type", cmp.Or(kind, TokenTypeJWT))
	return nil
}
