package authserver

import "github.com/jetway-go/jetway/mockserver/oauth"

// refreshToken is the grant of RFC 6749 section 6. A refresh token is accepted once and
// rotated; a second use revokes every token of the login, since it means that there is
// a stolen copy (RFC 9700 section 4.14.2).
func (s *Server) refreshToken(c oauth.Client, f form) (issued, *protocolError) {
	token := f.get("refresh_token")
	if token == "" {
		return issued{}, refuse(codeInvalidRequest, "refresh_token is missing")
	}
	dead := refuse(codeInvalidGrant, "the refresh token is unknown, was used, was revoked, or was issued to another client")
	if s.has(oauth.QuirkDexErrors) {
		dead.code = codeInvalidRequest
	}
	at := moment{now: s.cfg.Now(), grace: s.cfg.RotationGrace}
	login, ok := s.tokens.refreshable(token, c.ID, at)
	if !ok {
		return issued{}, dead
	}
	// Checked before the token is used up: it survives a request for too much.
	scopes, perr := grantedScopes(f.get("scope"), login.scopes)
	if perr != nil {
		return issued{}, perr
	}
	audience, perr := s.narrowed(f, login.audience)
	if perr != nil {
		return issued{}, perr
	}
	narrowed := login
	narrowed.scopes, narrowed.audience = scopes, audience
	if s.cfg.KeepRefreshTokens || s.has(oauth.QuirkRefreshTokenOnce) {
		out, perr := s.mint(narrowed, s.cfg.TokenTTL)
		if perr == nil && !s.has(oauth.QuirkRefreshTokenOnce) {
			out.refresh = token
		}
		return out, perr
	}
	out, perr := s.sign(narrowed, at.now, s.cfg.TokenTTL)
	if perr != nil {
		return issued{}, perr
	}
	// The next refresh token keeps the scopes and audiences of the login, even if this
	// request was for fewer.
	out.refresh, ok = s.tokens.rotate(token, at, successor{access: out.access, info: narrowed, login: login, expiry: out.expiry})
	if !ok {
		return issued{}, dead
	}
	return out, nil
}
