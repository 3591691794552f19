package authserver

import (
	"net/http"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// password is the grant of RFC 6749 section 4.3, which RFC 9700 forbids and older systems
// still have.
func (s *Server) password(c oauth.Client, f form) (issued, *protocolError) {
	if !f.has("username") || !f.has("password") {
		return issued{}, refuse(codeInvalidRequest, "username or password is missing")
	}
	scopes, perr := s.clientScopes(c, f)
	if perr != nil {
		return issued{}, perr
	}
	audience, perr := s.audiences(f)
	if perr != nil {
		return issued{}, perr
	}
	account, ok := s.logIn(f.get("username"), f.get("password"))
	switch {
	case !ok && s.has(oauth.QuirkDexErrors):
		return issued{}, &protocolError{status: http.StatusUnauthorized, code: codeAccessDenied, description: "Invalid username or password"}
	case !ok:
		return issued{}, refuse(codeInvalidGrant, "login or password is wrong")
	}
	return s.begin(c, loginOf(account, c.ID, scopes, audience), audience)
}
