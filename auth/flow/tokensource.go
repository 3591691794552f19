package flow

import (
	"context"
	"fmt"

	"golang.org/x/oauth2"

	"github.com/jetway-go/jetway/auth"
)

// TokenSource returns the login of a as a source for libraries that take one of
// golang.org/x/oauth2. Each Token asks a, which caches and refreshes it: do not put it
// into an [oauth2.ReuseTokenSource]. ctx ends a Token that waits, and all later ones.
//
// A source cannot say that a server rejected a token, so a rejected one is replaced only
// when it expires, and no person is asked: call a.Login first. The error is the
// [*auth.Error] of a, or wraps [auth.ErrNoCredentials] if there is no login. Credentials
// that are no bearer token in the authorization header (a cookie, for example) are an
// error too.
func TokenSource(ctx context.Context, a *auth.Authenticator) oauth2.TokenSource {
	return tokenSource{ctx, a}
}

type tokenSource struct {
	ctx context.Context //nolint:containedctx // Token of oauth2.TokenSource takes none
	a   *auth.Authenticator
}

func (s tokenSource) Token() (*oauth2.Token, error) {
	c, err := s.a.Credentials(s.ctx)
	if err != nil {
		return nil, err
	}
	key, value := c.Header()
	switch {
	case value == "":
		return nil, fmt.Errorf("%w: the %v has no login; call its Login first, unless the server asks for none", auth.ErrNoCredentials, s.a)
	case key != "authorization" || c.TokenType == auth.Raw:
		return nil, fmt.Errorf("the credentials of the %v travel in the header %q and cannot be an oauth2.Token;"+
			" use package interceptors/httpauth", s.a, key)
	}
	return &oauth2.Token{AccessToken: c.AccessToken, TokenType: c.TokenType, Expiry: c.Expiry}, nil
}
