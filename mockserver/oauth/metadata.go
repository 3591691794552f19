package oauth

import (
	"net/http"
	"strings"
)

// Metadata is what the server says about itself (RFC 8414 section 2).
type Metadata struct {
	Issuer, TokenEndpoint, RevocationEndpoint, IntrospectionEndpoint, JWKSURI string

	ResponseTypes, Scopes, GrantTypes, AuthMethods []string
}

// Metadata returns what the discovery documents tell.
func (s *Server) Metadata() Metadata {
	return Metadata{
		Issuer:                s.cfg.Issuer,
		TokenEndpoint:         s.cfg.Issuer + tokenPath,
		RevocationEndpoint:    s.cfg.Issuer + revokePath,
		IntrospectionEndpoint: s.cfg.Issuer + introspectPath,
		JWKSURI:               s.cfg.Issuer + jwksPath,
		ResponseTypes:         []string{}, // no authorization endpoint, so none
		Scopes:                s.clients.union(func(c Client) []string { return c.Scopes }),
		GrantTypes:            s.grantTypes(),
		AuthMethods:           s.clients.union(func(c Client) []string { return c.AuthMethods }),
	}
}

func (m Metadata) document() map[string]any {
	return map[string]any{
		"issuer":                                m.Issuer,
		"token_endpoint":                        m.TokenEndpoint,
		"revocation_endpoint":                   m.RevocationEndpoint,
		"introspection_endpoint":                m.IntrospectionEndpoint,
		"jwks_uri":                              m.JWKSURI,
		"response_types_supported":              m.ResponseTypes,
		"scopes_supported":                      m.Scopes,
		"grant_types_supported":                 m.GrantTypes,
		"token_endpoint_auth_methods_supported": m.AuthMethods,
	}
}

// serveRFC8414 answers /.well-known/oauth-authorization-server.
func (s *Server) serveRFC8414(w http.ResponseWriter, _ *http.Request) {
	doc := s.Metadata().document()
	if s.cfg.CamelCase {
		camel := make(map[string]any, len(doc))
		for key, value := range doc {
			camel[camelCase(key)] = value
		}
		doc = camel
	}
	writeJSON(w, http.StatusOK, doc)
}

// serveOIDC answers /.well-known/openid-configuration.
func (s *Server) serveOIDC(w http.ResponseWriter, _ *http.Request) {
	doc := s.Metadata().document()
	doc["subject_types_supported"] = []string{"public"}
	doc["id_token_signing_alg_values_supported"] = []string{"ES256"}
	writeJSON(w, http.StatusOK, doc)
}

// camelCase turns token_endpoint into tokenEndpoint.
func camelCase(key string) string {
	words := strings.Split(key, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}
