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

// DefaultScope is the scope that a token needs for Nublado.
const DefaultScope = "exec:notebook"

// Created is a user whose token Gafaelfawr creates when a call needs one: the first time,
// before the token expires, and when it is rejected.
type Created struct {
	// Username is the user of the token; that of a service begins with bot-. Required.
	Username string
	// Admin is the token that authorizes the creation; it has the scope admin:token.
	// Required.
	Admin flow.Secret
	// Type is what the token is for; empty means gafaelfawr.Service.
	Type gafaelfawr.TokenType
	// Name is the name of the token, for gafaelfawr.User.
	Name string
	// Scopes are the scopes of the token; empty means [DefaultScope].
	Scopes []string
	// Lifetime is the lifetime of the token, five minutes at least; zero means that it never
	// expires. A lifetime near the minimum is extended by up to half a minute, since
	// Gafaelfawr counts from when the request arrives, by its own clock.
	Lifetime time.Duration
}

// margin is for the time that a request takes and for clocks that differ.
const margin = 30 * time.Second

func (f Created) identify(log *slog.Logger) (identity, error) {
	now := time.Now()
	if err := f.request(now).Check(now); err != nil {
		return identity{}, &Error{Input: "Created", Err: err}
	}
	if _, err := readToken(f.Admin, "Admin"); err != nil {
		return identity{}, err
	}
	return identity{f.Username, func(doc *repertoire.Document) (auth.Flow, error) {
		api := doc.Internal("gafaelfawr", "v1")
		if api == "" {
			return nil, ErrGafaelfawr
		}
		return creating{f, log, api}, nil
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

// creating is the flow that creates tokens.
type creating struct {
	Created

	log *slog.Logger
	api string
}

var _ auth.Renewer = creating{}

// Obtain creates a token.
func (f creating) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	admin, err := readToken(f.Admin, "Admin")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := f.request(now)
	if least := now.Add(gafaelfawr.MinLifetime + margin); !r.Expires.IsZero() && r.Expires.Before(least) {
		r.Expires = least
	}
	t, err := gafaelfawr.Client{URL: f.api, HTTP: env.HTTP}.CreateToken(ctx, admin, r)
	if err != nil {
		return nil, err
	}
	f.log.InfoContext(ctx, "created a token", slog.String("user", f.Username), slog.String("key", t.Key()))
	return flow.Static{Credentials: &auth.Credentials{
		AccessToken: t.Reveal(), IssuedAt: now, Expiry: r.Expires,
	}}.Obtain(ctx, env, prev)
}

// Renew creates another token: Gafaelfawr has no other way to extend a login.
func (f creating) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Traits returns that the flow needs no user, and that its tokens are not stored, since a
// new one is easy to create.
func (creating) Traits() auth.Traits { return auth.Traits{Name: "nublado_created", Unstored: true} }
