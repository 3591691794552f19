package authserver

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// serveUserinfo returns the claims of an access token's user (OpenID Connect Core section
// 5.3). The token is read from the Authorization header only (RFC 6750 section 2.1).
func (s *Server) serveUserinfo(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		writeJSON(w, http.StatusMethodNotAllowed, map[string]any{"error": codeInvalidRequest, "error_description": "want GET or POST"})
		return
	}
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		challengeBearer(w, "", "one Authorization header with a Bearer token is needed")
		return
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		challengeBearer(w, "", "want a Bearer token")
		return
	}
	info, err := s.Verify(strings.TrimSpace(token), "")
	if bad, ok := errors.AsType[*TokenError](err); ok {
		challengeBearer(w, "invalid_token", bad.Err.Error())
		return
	}
	answer := map[string]any{}
	if i := slices.IndexFunc(s.cfg.Accounts, func(a oauth.Account) bool { return subjectOf(a) == info.Subject }); i >= 0 {
		maps.Copy(answer, s.cfg.Accounts[i].Claims)
	}
	maps.Copy(answer, info.Claims)
	answer["sub"] = info.Subject
	writeJSON(w, http.StatusOK, answer)
}

// challengeBearer rejects an access token (RFC 6750 section 3).
func challengeBearer(w http.ResponseWriter, code, description string) {
	value, answer := `Bearer realm="oauth"`, map[string]any{"error_description": description}
	if code != "" {
		value += `, error="` + code + `"`
		answer["error"] = code
	}
	w.Header().Set("WWW-Authenticate", value)
	writeJSON(w, http.StatusUnauthorized, answer)
}
