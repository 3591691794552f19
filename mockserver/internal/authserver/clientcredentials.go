package authserver

import "github.com/jetway-go/jetway/mockserver/oauth"

// clientCredentials is the grant of RFC 6749 section 4.4. It issues no refresh token:
// the client can request another access token at any time.
func (s *Server) clientCredentials(c oauth.Client, f form) (issued, *protocolError) {
	scopes, perr := s.clientScopes(c, f)
	if perr != nil {
		return issued{}, perr
	}
	audience, perr := s.audiences(f)
	if perr != nil {
		return issued{}, perr
	}
	return s.mint(tokenInfo{
		subject:  c.ID,
		client:   c.ID,
		scopes:   scopes,
		audience: audience,
	}, s.cfg.TokenTTL)
}
