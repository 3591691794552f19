package authserver

import (
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

func everyGrant() []string {
	return []string{
		oauth.GrantAuthorizationCode, oauth.GrantClientCredentials, oauth.GrantPassword,
		oauth.GrantRefreshToken, oauth.GrantDeviceCode, oauth.GrantTokenExchange,
	}
}

// needsPeople reports whether a grant is for users with an account.
func needsPeople(grant string) bool {
	return grant == oauth.GrantAuthorizationCode || grant == oauth.GrantPassword || grant == oauth.GrantDeviceCode
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
		oauth.GrantAuthorizationCode: s.authorizationCode,
		oauth.GrantClientCredentials: s.clientCredentials,
		oauth.GrantPassword:          s.password,
		oauth.GrantRefreshToken:      s.refreshToken,
		oauth.GrantDeviceCode:        s.deviceCode,
		oauth.GrantTokenExchange:     s.tokenExchange,
	}
	for name := range grants {
		if !s.supports(name) {
			delete(grants, name)
		}
	}
	return grants
}
