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

// mint makes an access token of info that lives for ttl.
func (s *Server) mint(info tokenInfo, ttl time.Duration) (issued, *protocolError) {
	now := s.cfg.Now()
	expiry := now.Add(ttl)
	token := "at_" + rand.Text()
	if !s.cfg.Opaque {
		var err error
		token, err = s.key.Sign(s.claims(info, now, expiry))
		if err != nil {
			return issued{}, &protocolError{
				status: http.StatusInternalServerError, code: codeServerError,
				description: "the token could not be signed: a claim given to IssueToken is no JSON value",
			}
		}
	}
	s.tokens.addAccess(token, info, now, expiry)
	return issued{access: token, scopes: info.scopes, expiry: expiry}, nil
}

// begin hands out the first tokens of a person's login at c. The access token is
// for audience; the login stays for all that it was asked for.
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

// IssuedToken is what [Server.IssueToken] made. It holds secrets.
type IssuedToken struct {
	AccessToken, RefreshToken string
	Expiry                    time.Time
}

// IssueToken makes a token without any grant, so that a test can start with a
// login of its choice. Nothing in spec is checked.
func (s *Server) IssueToken(spec oauth.TokenSpec) (IssuedToken, error) {
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
		return IssuedToken{}, perr
	}
	t := IssuedToken{AccessToken: out.access, Expiry: out.expiry}
	if spec.Refresh {
		t.RefreshToken = s.tokens.addRefresh(info)
	}
	return t, nil
}

// ExpireTokens ends the life of every access token now; refresh tokens stay good.
func (s *Server) ExpireTokens() { s.tokens.expireAll(s.cfg.Now()) }

// RevokeTokens revokes every access token; refresh tokens stay good.
func (s *Server) RevokeTokens() { s.tokens.revokeAll(false) }

// RevokeLogins revokes every access token and every refresh token.
func (s *Server) RevokeLogins() { s.tokens.revokeAll(true) }
