package oauth

import (
	"slices"
	"strings"
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

func everyGrant() []string {
	return []string{
		GrantAuthorizationCode, GrantClientCredentials, GrantPassword, GrantRefreshToken, GrantDeviceCode, GrantTokenExchange,
	}
}

// needsPeople reports whether a grant is for people with an account.
func needsPeople(grant string) bool {
	return grant == GrantAuthorizationCode || grant == GrantPassword || grant == GrantDeviceCode
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
		GrantAuthorizationCode: s.authorizationCode,
		GrantClientCredentials: s.clientCredentials,
		GrantPassword:          s.password,
		GrantRefreshToken:      s.refreshToken,
		GrantDeviceCode:        s.deviceCode,
		GrantTokenExchange:     s.tokenExchange,
	}
	for name := range grants {
		if !s.supports(name) {
			delete(grants, name)
		}
	}
	return grants
}
