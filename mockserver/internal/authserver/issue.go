package authserver

import (
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// mint issues an access token of info with lifetime ttl.
func (s *Server) mint(info tokenInfo, ttl time.Duration) (issued, *protocolError) {
	now := s.cfg.Now()
	out, perr := s.sign(info, now, ttl)
	if perr == nil {
		s.tokens.addAccess(out.access, info, now, out.expiry)
	}
	return out, perr
}

// sign makes an access token that the registry does not know yet.
func (s *Server) sign(info tokenInfo, now time.Time, ttl time.Duration) (issued, *protocolError) {
	expiry := now.Add(ttl)
	token, good := "at_"+rand.Text(), jsonValues(info.claims)
	if good && !s.cfg.Opaque {
		var err error
		token, err = s.key.Sign(s.claims(info, now, expiry))
		good = err == nil
	}
	if !good {
		return issued{}, &protocolError{
			status: http.StatusInternalServerError, code: codeServerError,
			description: "the token could not be signed: a claim given to IssueToken is not a JSON value",
		}
	}
	return issued{info: info, access: token, scopes: info.scopes, expiry: expiry}, nil
}

// begin issues the first tokens of a user's login at c. The access token is for audience;
// later refreshes may request everything that the login was granted.
func (s *Server) begin(c oauth.Client, info tokenInfo, audience []string) (issued, *protocolError) {
	narrowed := info
	narrowed.audience = audience
	out, perr := s.mint(narrowed, s.cfg.TokenTTL)
	if perr != nil {
		return issued{}, perr
	}
	offline := s.cfg.OfflineScope == "" || slices.Contains(info.scopes, s.cfg.OfflineScope)
	if offline && s.supports(oauth.GrantRefreshToken) && slices.Contains(c.Grants, oauth.GrantRefreshToken) {
		out.refresh = s.tokens.addRefresh(info)
	}
	return out, nil
}

// claims are those of RFC 9068 section 2.2.
func (s *Server) claims(info tokenInfo, now, expiry time.Time) map[string]any {
	c := map[string]any{}
	maps.Copy(c, info.claims)
	maps.Copy(c, map[string]any{
		"iss":       s.cfg.Issuer,
		"sub":       info.subject,
		"client_id": info.client,
		"scope":     strings.Join(info.scopes, " "),
		"iat":       now.Unix(),
		"exp":       expiry.Unix(),
		"jti":       rand.Text(),
	})
	switch len(info.audience) {
	case 0:
	case 1:
		c["aud"] = info.audience[0]
	default:
		c["aud"] = info.audience
	}
	return c
}

// IssueToken issues an access token without any grant, so that a test can start with a
// login of its choice. It does not check spec.
func (s *Server) IssueToken(spec oauth.TokenSpec) (oauth.IssuedToken, error) {
	info := tokenInfo{
		subject:  spec.Subject,
		client:   spec.ClientID,
		scopes:   slices.Clone(spec.Scopes),
		audience: slices.Clone(spec.Audience),
		claims:   maps.Clone(spec.Claims),
		login:    rand.Text(),
	}
	if info.subject == "" {
		info.subject = spec.ClientID
	}
	ttl := spec.TTL
	if ttl == 0 {
		ttl = s.cfg.TokenTTL
	}
	out, perr := s.mint(info, ttl)
	if perr != nil {
		return oauth.IssuedToken{}, perr
	}
	if spec.Refresh {
		out.refresh = s.tokens.addRefresh(info)
	}
	s.noteIssued(out, "", "")
	return oauth.IssuedToken{AccessToken: out.access, RefreshToken: out.refresh, Expiry: out.expiry}, nil
}

// ExpireTokens makes every access token expire now; refresh tokens stay valid.
func (s *Server) ExpireTokens() {
	now := s.cfg.Now()
	s.tokens.expireAll(now)
	s.records.all(oauth.LoginExpired, byScript, func(r *oauth.LoginRecord) bool { return r.Expiry.After(now) && !r.Revoked })
}

// RevokeTokens revokes every access token; refresh tokens stay valid.
func (s *Server) RevokeTokens() {
	s.tokens.revokeAll(false)
	s.records.all(oauth.LoginRevoked, byScript, func(r *oauth.LoginRecord) bool { return r.TokenID != "" && !r.Revoked })
}

// RevokeLogins revokes every access token and every refresh token.
func (s *Server) RevokeLogins() {
	s.tokens.revokeAll(true)
	s.records.endAll(byScript)
}
