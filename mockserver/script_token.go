package mockserver

import "github.com/jetway-go/jetway/mockserver/oauth"

// IssueToken issues an access token without any grant, so that a test can start with a
// login of its choice. It does not check spec, except that claims must be JSON values.
// Calls need a token with the scope [DefaultScope], unless [WithRequiredScopes] says
// otherwise.
func (c *Script) IssueToken(spec oauth.TokenSpec) (oauth.IssuedToken, error) {
	token, err := c.server.oauth.IssueToken(spec)
	if err != nil {
		return oauth.IssuedToken{}, &Error{Op: "issue a token", Err: err}
	}
	return token, nil
}

// RevokeTokens revokes every access token issued so far. Refresh tokens stay valid,
// and open streams stay open.
func (c *Script) RevokeTokens() { c.server.oauth.RevokeTokens() }

// RevokeLogins revokes every access token and every refresh token: clients have to log
// in again.
func (c *Script) RevokeLogins() { c.server.oauth.RevokeLogins() }

// ExpireTokens makes every access token issued so far expire now.
func (c *Script) ExpireTokens() { c.server.oauth.ExpireTokens() }
