package oauth

import (
	"slices"
	"strings"
)

// Grant types (RFC 6749, 8628 and 8693) as [Config.Grants] and [Client.Grants]
// name them.
const (
	grantClientCredentials = "client_credentials"
	grantRefreshToken      = "refresh_token"
	grantAuthorizationCode = "authorization_code"
	grantPassword          = "password"
	grantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	grantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

func everyGrant() []string {
	return []string{
		grantAuthorizationCode, grantClientCredentials, grantPassword, grantRefreshToken, grantDeviceCode, grantTokenExchange,
	}
}

// needsPeople reports whether a grant is for people with an account.
func needsPeople(grant string) bool {
	return grant == grantAuthorizationCode || grant == grantPassword || grant == grantDeviceCode
}

func checkGrants(grants []string) error {
	for _, g := range grants {
		if !slices.Contains(everyGrant(), g) {
			return &ConfigError{Field: "Grants", Reason: "unknown grant type; known: " + strings.Join(everyGrant(), " ")}
		}
	}
	return nil
}

// supports reports whether the server has a grant.
func (s *Server) supports(grant string) bool {
	if len(s.cfg.Grants) > 0 && !slices.Contains(s.cfg.Grants, grant) {
		return false
	}
	return !needsPeople(grant) || len(s.cfg.Accounts) > 0
}

func (s *Server) allGrants() map[string]grant {
	grants := map[string]grant{
		grantAuthorizationCode: s.authorizationCode,
		grantClientCredentials: s.clientCredentials,
		grantPassword:          s.password,
		grantRefreshToken:      s.refreshToken,
		grantDeviceCode:        s.deviceCode,
		grantTokenExchange:     s.tokenExchange,
	}
	for name := range grants {
		if !s.supports(name) {
			delete(grants, name)
		}
	}
	return grants
}
