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
	keep := s.cfg.KeepRefreshTokens || s.has(oauth.QuirkRefreshTokenOnce)
	if !keep && !s.tokens.useUp(token, at) {
		return issued{}, dead
	}
	narrowed := login
	narrowed.scopes, narrowed.audience = scopes, audience
	out, perr := s.mint(narrowed, s.cfg.TokenTTL)
	if perr != nil {
		return issued{}, perr
	}
	if s.has(oauth.QuirkRefreshTokenOnce) {
		return out, nil
	}
	if keep {
		out.refresh = token
		return out, nil
	}
	// The next refresh token keeps the scopes and audiences of the login, even if this
	// request was for fewer.
	out.refresh = s.tokens.addRefresh(login)
	return out, nil
}
