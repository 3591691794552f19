package mockserver

import (
	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// IssueToken makes a token without any grant, so that a test can start with a
// login of its choice. Nothing in spec is checked, except that its claims must be
// JSON values.
func (c *Script) IssueToken(spec oauth.TokenSpec) (authserver.IssuedToken, error) {
	token, err := c.server.oauth.IssueToken(spec)
	if err != nil {
		return authserver.IssuedToken{}, &Error{Op: "issue a token", Err: err}
	}
	return token, nil
}

// RevokeTokens revokes every access token that was handed out. Refresh tokens
// stay good, and streams that are open stay open.
func (c *Script) RevokeTokens() { c.server.oauth.RevokeTokens() }

// RevokeLogins revokes every access token and every refresh token: only a new
// login helps.
func (c *Script) RevokeLogins() { c.server.oauth.RevokeLogins() }

// ExpireTokens ends the life of every access token now.
func (c *Script) ExpireTokens() { c.server.oauth.ExpireTokens() }
