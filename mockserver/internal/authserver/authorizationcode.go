package authserver

import "github.com/jetway-go/jetway/mockserver/oauth"

// authorizationCode is the grant of RFC 6749 section 4.1.3. A code is accepted once; a
// second use revokes the tokens of the first, since the code may have been stolen
// (RFC 6749 section 4.1.2).
func (s *Server) authorizationCode(c oauth.Client, f form) (issued, *protocolError) {
	code := f.get("code")
	if code == "" || !f.has("redirect_uri") {
		return issued{}, refuse(codeInvalidRequest, "code or redirect_uri is missing")
	}
	r, ok := s.codes.find(code)
	switch {
	case !ok || r.client != c.ID:
		return issued{}, refuse(codeInvalidGrant, "the code is unknown or was issued to another client")
	case r.used:
		s.tokens.endLogin(r.login, endedByCode)
		return issued{}, refuse(codeInvalidGrant, "the code was used before: all that came from it is revoked")
	case !s.cfg.Now().Before(r.expiry):
		return issued{}, refuse(codeInvalidGrant, "the code has expired")
	case f.get("redirect_uri") != r.redirect:
		return issued{}, refuse(codeInvalidGrant, "redirect_uri differs from the one of the authorization request")
	}
	if perr := proven(r.challenge, f); perr != nil {
		return issued{}, perr
	}
	audience, perr := s.narrowed(f, r.audience)
	if perr != nil {
		return issued{}, perr
	}
	if !s.codes.use(code) {
		s.tokens.endLogin(r.login, endedByCode)
		return issued{}, refuse(codeInvalidGrant, "the code was used before: all that came from it is revoked")
	}
	return s.begin(c, r.tokenInfo, audience)
}
