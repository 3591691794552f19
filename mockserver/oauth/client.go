package oauth

import "crypto"

// Ways for a client to authenticate (RFC 8414 section 2,
// token_endpoint_auth_methods_supported).
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"
	// AuthPrivateKeyJWT is for clients with a key of their own (RFC 7523).
	AuthPrivateKeyJWT = "private_key_jwt"
)

// Grant types, as [Config.Grants] and [Client.Grants] name them (RFC 6749, 8628
// and 8693).
const (
	GrantClientCredentials = "client_credentials"
	GrantRefreshToken      = "refresh_token"
	GrantAuthorizationCode = "authorization_code"
	GrantPassword          = "password"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// Client is a registered client.
type Client struct {
	// ID names the client; required.
	ID string
	// Secret is the client secret. A client with neither a secret nor keys is public.
	Secret string
	// Keys are the public keys of its client assertions: *ecdsa.PublicKey on P-256
	// (ES256), *rsa.PublicKey (RS256, PS256) or ed25519.PublicKey (EdDSA).
	Keys []crypto.PublicKey
	// RedirectURIs are its redirect URIs. A loopback one (127.0.0.1, [::1] or
	// localhost over http) matches with every port (RFC 8252 section 7.3).
	RedirectURIs []string
	// Scopes are the scopes that it may request, and that it gets if it requests none.
	Scopes []string
	// AuthMethods are the ways it may authenticate; empty means [AuthBasic] and
	// [AuthPost] with a secret, [AuthPrivateKeyJWT] with keys, and otherwise [AuthNone].
	AuthMethods []string
	// Grants are the grant types it may use; empty means refresh_token, password and
	// device_code, also authorization_code if it has redirect URIs, and also
	// client_credentials and token-exchange if it has a secret or keys.
	Grants []string
}
