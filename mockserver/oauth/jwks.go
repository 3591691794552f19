package oauth

import "net/http"

// serveJWKS publishes the key that signs access tokens (RFC 7517 section 5).
func (s *Server) serveJWKS(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{s.key.jwk()}})
}
