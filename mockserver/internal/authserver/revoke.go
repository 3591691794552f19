package authserver

import (
	"net/http"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// serveRevoke is the revocation endpoint of RFC 7009. For an unknown token it answers 200
// too, as section 2.2 requires.
func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request) {
	f, perr := readForm(w, r)
	if perr != nil {
		s.refuse(w, "revoke", perr)
		return
	}
	client, perr := s.authenticate(r, f)
	if perr != nil {
		s.refuse(w, "revoke", perr)
		return
	}
	if !f.has("token") {
		s.refuse(w, "revoke", refuse(codeInvalidRequest, "token is missing"))
		return
	}
	if !s.tokens.revoke(f.get("token"), client.ID) {
		s.refuse(w, "revoke", refuse(codeUnauthorizedClient, "the token was issued to another client"))
		return
	}
	if info, ok := s.tokens.lookup(f.get("token")); ok {
		s.records.note(info.tokenInfo, oauth.LoginEvent{
			Kind: oauth.LoginRevoked, TokenID: oauth.TokenID(f.get("token")), Reason: byClient,
		})
	}
	s.cfg.Logger.DebugContext(r.Context(), "oauth token revoked", "client", client.ID, "token", oauth.TokenID(f.get("token")))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
