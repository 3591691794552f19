package nublado

import (
	"context"
	"log/slog"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// DefaultScope is what a token needs to use Nublado.
const DefaultScope = "exec:notebook"

// Created is a user whose token is made by Gafaelfawr when it is needed: again
// before it ends, and once it is refused.
type Created struct {
	// Username is whose token to make; that of a service begins with bot-. Required.
	Username string
	// Admin is the token that may do this: one with scope admin:token. Required.
	Admin Secret
	// Type is what the token is for; empty means gafaelfawr.Service.
	Type gafaelfawr.TokenType
	// Name of the token, for gafaelfawr.User.
	Name string
	// Scopes are what the token may do; empty means [DefaultScope].
	Scopes []string
	// Lifetime of the token, five minutes at least; zero means that it never ends.
	Lifetime time.Duration
}

func (f Created) identify(s surroundings) (identity, error) {
	if err := f.request(time.Now()).Check(time.Now()); err != nil {
		return identity{}, &Error{Input: "Created", Err: err}
	}
	if _, err := f.Admin.read(s, "Admin"); err != nil {
		return identity{}, err
	}
	return identity{f.Username, func(doc *repertoire.Document) (auth.Flow, error) {
		api := doc.Internal("gafaelfawr", "v1")
		if api == "" {
			return nil, ErrGafaelfawr
		}
		return creating{f, s, api}, nil
	}}, nil
}

func (f Created) request(now time.Time) gafaelfawr.Request {
	r := gafaelfawr.Request{Username: f.Username, Type: f.Type, Name: f.Name, Scopes: f.Scopes}
	if len(r.Scopes) == 0 {
		r.Scopes = []string{DefaultScope}
	}
	if f.Lifetime != 0 {
		r.Expires = now.Add(f.Lifetime)
	}
	return r
}

// creating is the flow of a token that is made when it is needed.
type creating struct {
	Created

	at  surroundings
	api string
}

var _ auth.Renewer = creating{}

// Obtain makes a token.
func (f creating) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	admin, err := f.Admin.read(f.at, "Admin")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := f.request(now)
	t, err := gafaelfawr.Client{URL: f.api, HTTP: env.HTTP}.CreateToken(ctx, admin, r)
	if err != nil {
		return nil, err
	}
	f.at.logger.InfoContext(ctx, "created a token", slog.String("user", f.Username), slog.String("key", t.Key()))
	return flow.Static{Credentials: &auth.Credentials{
		AccessToken: t.Reveal(), IssuedAt: now, Expiry: r.Expires,
	}}.Obtain(ctx, env, prev)
}

// Renew makes another token: there is no other way to renew one.
func (f creating) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Traits say that nobody is needed, and that tokens are cheap to make again.
func (creating) Traits() auth.Traits { return auth.Traits{Name: "nublado_created", Unstored: true} }
