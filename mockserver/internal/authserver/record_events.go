package authserver

import (
	"net/http"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// How a login ended, and why an access token is no longer accepted, for people.
const (
	endedByReuse  = "a refresh token was used twice: there may be a stolen copy"
	endedByCode   = "the authorization code was used twice: it may be stolen"
	endedByClient = "the client revoked its refresh token, and with it the login"
	byClient      = "the client revoked the access token"
	byScript      = "by a script"
)

// noteIssued notes what a grant has issued; an empty grant is a script.
func (s *Server) noteIssued(out issued, grant, usedRefreshToken string) {
	e := oauth.LoginEvent{Kind: oauth.LoginIssued, Grant: grant, TokenID: oauth.TokenID(out.access), Expiry: out.expiry}
	switch grant {
	case oauth.GrantRefreshToken:
		e.Kind = oauth.LoginRenewed
	case "":
		e.Reason = byScript
	}
	next := ""
	if out.refresh != "" && out.refresh != usedRefreshToken {
		next = oauth.TokenID(out.refresh)
	}
	if e.Kind == oauth.LoginIssued {
		e.RefreshTokenID, next = next, ""
	}
	s.records.note(out.info, e)
	if next != "" {
		s.records.note(out.info, oauth.LoginEvent{Kind: oauth.LoginRotated, Grant: grant, RefreshTokenID: next})
	}
}

// noteRefused notes a refused request at the token endpoint. The login is that of its
// refresh token; without one it is noted for the client.
func (s *Server) noteRefused(r *http.Request, c oauth.Client, f form, perr *protocolError) {
	if perr.code == codeAuthorizationPending {
		return // a device polls, which is no refusal
	}
	info := tokenInfo{client: c.ID}
	if c.ID == "" {
		info.client = s.claimedClient(r, f)
	}
	grant := f.get("grant_type")
	if grant == oauth.GrantRefreshToken {
		if login, ok := s.tokens.loginOf(f.get("refresh_token")); ok && login.client == c.ID {
			info = login
		}
	}
	if s.grants[grant] == nil {
		grant = "" // whatever it is, it may be a secret
	}
	s.records.note(info, oauth.LoginEvent{Kind: oauth.LoginRefused, Grant: grant, Reason: perr.Error()})
}

// claimedClient returns the registered client that a request without valid authentication
// names, or "".
func (s *Server) claimedClient(r *http.Request, f form) string {
	id, _, _, perr := presented(r, f)
	if _, known := s.clients.get(id); perr != nil || !known {
		return ""
	}
	return id
}

// NoteRefusal notes, once for each access token issued here, that a call came with it and
// was refused because of why.
func (s *Server) NoteRefusal(token string, why error) {
	if info, first := s.tokens.refused(token); first {
		s.records.note(info, oauth.LoginEvent{
			Kind: oauth.LoginRefused, TokenID: oauth.TokenID(token), Reason: "the first call that came with it: " + why.Error(),
		})
	}
}
