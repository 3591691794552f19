package authserver

import (
	"net/http"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// serveIntrospect is the introspection endpoint of RFC 7662, for clients that are not
// public. For a token that is not active the answer holds nothing else; a refresh token
// is active only for the client that it was issued to.
func (s *Server) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	f, perr := readForm(w, r)
	if perr != nil {
		s.refuse(w, "introspect", perr)
		return
	}
	client, perr := s.authenticate(r, f)
	if perr == nil && isPublic(client) {
		perr = &protocolError{
			status: http.StatusUnauthorized, code: codeInvalidClient, basic: true,
			description: "introspection is for clients with a secret or a key",
		}
	}
	if perr == nil && !f.has("token") {
		perr = refuse(codeInvalidRequest, "token is missing")
	}
	if perr != nil {
		s.refuse(w, "introspect", perr)
		return
	}
	writeJSON(w, http.StatusOK, s.introspected(f.get("token"), client))
}

func (s *Server) introspected(token string, asking oauth.Client) map[string]any {
	if info, err := s.Verify(token, ""); err == nil {
		answer := s.activeAnswer(info.Subject, info.ClientID, info.Scopes, info.Audience)
		answer["token_type"], answer["exp"] = "Bearer", info.Expiry.Unix()
		return answer
	}
	if login, good := s.tokens.refreshGood(token, asking.ID, moment{now: s.cfg.Now(), grace: s.cfg.RotationGrace}); good {
		return s.activeAnswer(login.subject, login.client, login.scopes, login.audience)
	}
	return map[string]any{"active": false}
}

func (s *Server) activeAnswer(subject, client string, scopes, audience []string) map[string]any {
	answer := map[string]any{
		"active": true, "iss": s.cfg.Issuer, "sub": subject, "client_id": client, "scope": strings.Join(scopes, " "),
	}
	if len(audience) > 0 {
		answer["aud"] = audience
	}
	return answer
}
