package nublado

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// Service is a user whose token comes from a secret: the bot of a
// GafaelfawrServiceToken, which Kubernetes mounts as a file or sets as a variable. The
// token is read again when it is rejected.
type Service struct {
	// Username is the user of the token; required.
	Username string
	// Token is the secret with the token; required.
	Token flow.Secret
}

func (f Service) identify(log *slog.Logger) (identity, error) {
	if err := gafaelfawr.CheckUsername(f.Username); err != nil {
		return identity{}, &Error{Input: "Username", Err: err}
	}
	if _, err := readToken(f.Token, "Token"); err != nil {
		return identity{}, err
	}
	return identity{f.Username, func(*repertoire.Document) (auth.Flow, error) { return kept{f, log}, nil }}, nil
}

// kept is the flow that reads a token from a secret.
type kept struct {
	Service

	log *slog.Logger
}

// Obtain reads the token.
func (f kept) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	t, err := readToken(f.Token, "Token")
	if err != nil {
		return nil, err
	}
	f.log.DebugContext(ctx, "using a token", slog.String("user", f.Username), slog.String("key", t.Key()))
	return flow.StaticToken(t.Reveal()).Obtain(ctx, env, prev)
}

// Traits returns that the flow needs no user, and that its token is not stored: the
// secret has it.
func (f kept) Traits() auth.Traits { return auth.Traits{Name: "nublado_service", Unstored: true} }

// String returns the user and where the token comes from.
func (f kept) String() string { return fmt.Sprintf("token of %s from %v", f.Username, f.Token) }

// Format writes String, for every verb.
func (f kept) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, f.String()) }
