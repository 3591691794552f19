package jupyterhub

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
)

// TokenOptions are the options of a new token. The zero value is a token that does not expire
// and may do what the hub's role "token" says: by default, all that its owner may.
type TokenOptions struct {
	// Note says to people what the token is for.
	Note string
	// Lifetime is how long the token is valid, in whole seconds; zero means for ever.
	Lifetime time.Duration
	// Scopes are what the token may do; its owner must hold them all.
	Scopes []string
	// Roles say the same by the names of roles; the hub accepts one of the two.
	Roles []string
}

// CreateToken makes a token for a user (scope tokens).
func (c *Client) CreateToken(ctx context.Context, user string, o TokenOptions) (NewToken, error) {
	r := to("create token for", user, http.MethodPost, "users", user, "tokens")
	body := struct {
		Note      string   `json:"note,omitempty"`
		ExpiresIn int64    `json:"expires_in,omitempty"`
		Scopes    []string `json:"scopes,omitempty"`
		Roles     []string `json:"roles,omitempty"`
	}{o.Note, int64((o.Lifetime + time.Second - 1) / time.Second), o.Scopes, o.Roles}
	switch {
	case o.Lifetime < 0:
		return NewToken{}, r.fail(fmt.Errorf("%w: the lifetime is negative", ErrBadRequest))
	case o.Scopes != nil && len(o.Scopes) == 0: // which would be left out, for a token that may do everything
		return NewToken{}, r.fail(fmt.Errorf("%w: the list of scopes is empty; use nil for the hub's default", ErrBadRequest))
	}
	var answer struct {
		TokenModel

		Token string `json:"token"`
	}
	status, err := c.do(ctx, r.with(body), &answer)
	switch {
	case err != nil:
		return NewToken{}, err
	case !isToken(answer.Token):
		return NewToken{}, r.refused(status, fmt.Errorf("%w: it has no token", ErrAnswer))
	}
	return NewToken{answer.TokenModel, flow.SecretValue(answer.Token)}, nil
}

// Tokens returns the tokens of a user (scope read:tokens), without their secrets.
func (c *Client) Tokens(ctx context.Context, user string) ([]TokenModel, error) {
	var answer struct {
		Tokens []TokenModel `json:"api_tokens"`
	}
	_, err := c.do(ctx, to("list tokens of", user, http.MethodGet, "users", user, "tokens"), &answer)
	return answer.Tokens, err
}

// Token returns one token of a user, by its ID.
func (c *Client) Token(ctx context.Context, user, id string) (TokenModel, error) {
	var answer TokenModel
	_, err := c.do(ctx, to("get token of", user, http.MethodGet, "users", user, "tokens", id), &answer)
	return answer, err
}

// RevokeToken revokes a token of a user (scope tokens), by its ID. The error is
// [ErrNotFound] if there is none. Of a token that was issued to an OAuth client the hub
// revokes all that this client has of the user.
func (c *Client) RevokeToken(ctx context.Context, user, id string) error {
	_, err := c.do(ctx, to("revoke token of", user, http.MethodDelete, "users", user, "tokens", id), nil)
	return err
}
