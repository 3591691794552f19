package authserver

import (
	"net/http"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/signed"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Metadata is the server's metadata (RFC 8414 section 2). A field is empty if the server
// does not have that endpoint or feature.
type Metadata struct {
	Issuer, TokenEndpoint, RevocationEndpoint, IntrospectionEndpoint, JWKSURI string

	AuthorizationEndpoint, DeviceAuthorizationEndpoint, UserinfoEndpoint string

	ResponseTypes, Scopes, GrantTypes, AuthMethods []string

	CodeChallengeMethods []string
	// SigningAlgorithms are the algorithms of client assertions.
	SigningAlgorithms []string
	// IssSupported says that authorization answers carry iss (RFC 9207 section 3).
	IssSupported bool
}

// Metadata returns the content of the discovery documents.
func (s *Server) Metadata() Metadata {
	m := Metadata{
		Issuer:                s.cfg.Issuer,
		TokenEndpoint:         s.cfg.Issuer + tokenPath,
		IntrospectionEndpoint: s.cfg.Issuer + introspectPath,
		JWKSURI:               s.cfg.Issuer + jwksPath,
		UserinfoEndpoint:      s.cfg.Issuer + userinfoPath,
		ResponseTypes:         []string{}, // RFC 8414 requires the key
		Scopes:                s.clients.union(func(c oauth.Client) []string { return c.Scopes }),
		GrantTypes:            s.grantTypes(),
		AuthMethods:           s.clients.union(func(c oauth.Client) []string { return c.AuthMethods }),
	}
	if !s.has(oauth.QuirkNoRevocation) {
		m.RevocationEndpoint = s.cfg.Issuer + revokePath
	}
	if s.supports(oauth.GrantAuthorizationCode) {
		m.AuthorizationEndpoint = s.cfg.Issuer + authorizePath
		m.ResponseTypes = []string{"code"}
		m.CodeChallengeMethods = []string{methodS256}
		m.IssSupported = !s.has(oauth.QuirkNoIss)
	}
	if s.supports(oauth.GrantDeviceCode) {
		m.DeviceAuthorizationEndpoint = s.cfg.Issuer + devicePath
	}
	if slices.Contains(m.AuthMethods, oauth.AuthPrivateKeyJWT) {
		m.SigningAlgorithms = signed.Algorithms()
	}
	return m
}

func (m Metadata) document() map[string]any {
	doc := map[string]any{
		"issuer":                   m.Issuer,
		"token_endpoint":           m.TokenEndpoint,
		"introspection_endpoint":   m.IntrospectionEndpoint,
		"jwks_uri":                 m.JWKSURI,
		"response_types_supported": m.ResponseTypes,
		"scopes_supported":         m.Scopes,
		"grant_types_supported":    m.GrantTypes,
	}
	for key, value := range map[string]string{
		"authorization_endpoint":        m.AuthorizationEndpoint,
		"device_authorization_endpoint": m.DeviceAuthorizationEndpoint,
		"revocation_endpoint":           m.RevocationEndpoint,
		"userinfo_endpoint":             m.UserinfoEndpoint,
	} {
		if value != "" {
			doc[key] = value
		}
	}
	if m.AuthorizationEndpoint != "" {
		doc["code_challenge_methods_supported"] = m.CodeChallengeMethods
		doc["response_modes_supported"] = []string{"query"}
	}
	// If omitted, the methods of these two would mean client_secret_basic alone.
	endpoints := map[string][]string{"token": m.AuthMethods, "introspection": secretMethods(m.AuthMethods)}
	if m.RevocationEndpoint != "" {
		endpoints["revocation"] = m.AuthMethods
	}
	for endpoint, methods := range endpoints {
		doc[endpoint+"_endpoint_auth_methods_supported"] = methods
		if m.SigningAlgorithms != nil {
			doc[endpoint+"_endpoint_auth_signing_alg_values_supported"] = m.SigningAlgorithms
		}
	}
	if m.IssSupported {
		doc["authorization_response_iss_parameter_supported"] = true
	}
	return doc
}

// secretMethods returns the methods of clients that are not public.
func secretMethods(methods []string) []string {
	return slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == oauth.AuthNone })
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

// serveJWKS publishes the key that signs access tokens (RFC 7517 section 5).
func (s *Server) serveJWKS(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.key.Set())
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
