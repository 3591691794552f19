package oauth

import (
	"net/http"
	"strings"
)

// serveIntrospect is the introspection endpoint of RFC 7662, for clients that
// are not public. Of a token that is not good it says nothing but that.
func (s *Server) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	f, perr := readForm(w, r)
	if perr != nil {
		s.refuse(w, "introspect", perr)
		return
	}
	client, perr := s.authenticate(r, f)
	if perr == nil && client.public() {
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
	info, err := s.Verify(f.get("token"), "")
	if err != nil {
		writeJSON(w, http.StatusOK, map[string]any{"active": false})
		return
	}
	answer := map[string]any{
		"active": true, "token_type": "Bearer", "iss": s.cfg.Issuer,
		"sub": info.Subject, "client_id": info.ClientID,
		"scope": strings.Join(info.Scopes, " "), "exp": info.Expiry.Unix(),
	}
	if len(info.Audience) > 0 {
		answer["aud"] = info.Audience
	}
	writeJSON(w, http.StatusOK, answer)
}
