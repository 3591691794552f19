package flow

import (
	"context"
	"fmt"

	"golang.org/x/oauth2"

	"github.com/jetway-go/jetway/auth"
)

// TokenSource returns the login of a as a source for libraries that take one of
// golang.org/x/oauth2. Each call of Token takes it from a, which caches and refreshes
// it: do not put the source into an [oauth2.ReuseTokenSource]. When ctx ends, so does a
// call of Token that waits, and every later call fails.
//
// An oauth2.TokenSource is not told that a server rejected a token, so a rejected token
// is replaced only when it expires, and no person is asked: call a.Login first. The
// error is the [*auth.Error] of a, or wraps [auth.ErrNoCredentials] if there is no
// login. If the login is no bearer token for the authorization header (a cookie, for
// example), that is an error too.
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
