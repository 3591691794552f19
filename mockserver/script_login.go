package mockserver

import (
	"cmp"

	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// TokenEndpoint returns the faults of the token endpoint; see [Script.Endpoint].
func (c *Script) TokenEndpoint() *faults.Set { return c.Endpoint(oauth.EndpointToken) }

// Endpoint returns the faults of an endpoint of the authorization server, the same
// value at every call. For a name that is no endpoint the faults have no effect.
func (c *Script) Endpoint(e oauth.Endpoint) *faults.Set { return c.server.oauth.Faults(e) }

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

// PendingDevices returns the devices that wait for approval, oldest first.
func (c *Script) PendingDevices() []oauth.DeviceRequest { return c.server.oauth.PendingDevices() }

// ApproveDevice approves the device that shows userCode for the account of login, as
// that user would on the device page; an empty login is the first account. The error
// wraps [ErrUnknownUserCode] or [ErrUnknownAccount].
func (c *Script) ApproveDevice(userCode, login string) error {
	if err := c.server.oauth.ApproveDevice(userCode, cmp.Or(login, c.server.Login())); err != nil {
		return &Error{Op: "approve device", Err: err}
	}
	return nil
}

// DenyDevice denies the device that shows userCode. The error wraps [ErrUnknownUserCode].
func (c *Script) DenyDevice(userCode string) error {
	if err := c.server.oauth.DenyDevice(userCode); err != nil {
		return &Error{Op: "deny device", Err: err}
	}
	return nil
}

// SetProxyToken changes the token that the proxy demands from now on; empty removes
// the proxy.
func (c *Script) SetProxyToken(token string) { c.server.proxy.Set(token) }
