package authserver

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// grant is a grant type: it checks the form and returns what to issue.
type grant func(c oauth.Client, f form) (issued, *protocolError)

// serveToken is the token endpoint (RFC 6749 section 3.2).
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	f, perr := readForm(w, r)
	if perr != nil {
		s.refuse(w, "token", perr)
		return
	}
	client, perr := s.authenticate(r, f)
	var out issued
	if perr == nil {
		out, perr = s.exchange(client, f)
	}
	if perr != nil {
		s.noteRefused(r, client, f, perr)
		s.refuse(w, "token", perr)
		return
	}
	s.noteIssued(out, f.get("grant_type"), f.get("refresh_token"))
	s.cfg.Logger.DebugContext(r.Context(), "oauth token issued",
		"client", client.ID, "grant", f.get("grant_type"), "token", oauth.TokenID(out.access), "scopes", out.scopes)
	writeJSON(w, http.StatusOK, out.answer(s.cfg.Now()))
}

func (s *Server) exchange(c oauth.Client, f form) (issued, *protocolError) {
	name := f.get("grant_type")
	if name == "" {
		return issued{}, refuse(codeInvalidRequest, "grant_type is missing")
	}
	run, known := s.grants[name]
	if !known {
		return issued{}, refuse(codeUnsupportedGrantType, "supported: "+strings.Join(s.grantTypes(), ", "))
	}
	if !slices.Contains(c.Grants, name) {
		return issued{}, refuse(codeUnauthorizedClient, "this client may use "+strings.Join(c.Grants, ", "))
	}
	if len(f["audience"]) > 1 && name != oauth.GrantTokenExchange {
		return issued{}, refuse(codeInvalidRequest, "audience is repeated, which only token exchange allows (RFC 8693 section 2.1)")
	}
	return run(c, f)
}

func (s *Server) grantTypes() []string {
	names := make([]string, 0, len(s.grants))
	for name := range s.grants {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *Server) refuse(w http.ResponseWriter, endpoint string, perr *protocolError) {
	s.cfg.Logger.Debug("oauth request refused", "endpoint", endpoint, "error", perr.code, "reason", perr.description)
	perr.write(w)
}

// issued is the result of a grant.
type issued struct {
	info            tokenInfo
	access, refresh string
	scopes          []string
	expiry          time.Time
	kind            string // issued_token_type of RFC 8693 section 2.2.1, otherwise empty
}

// answer returns the JSON of RFC 6749 section 5.1. Lifetimes are rounded, since the clock
// has moved since the token was issued.
func (i issued) answer(now time.Time) map[string]any {
	a := map[string]any{
		"access_token": i.access,
		"token_type":   "Bearer",
		"expires_in":   int64(i.expiry.Sub(now).Round(time.Second) / time.Second),
		"scope":        strings.Join(i.scopes, " "),
	}
	if i.refresh != "" {
		a["refresh_token"] = i.refresh
	}
	if i.kind != "" {
		a["issued_token_type"] = i.kind
	}
	return a
}
