package authserver

import "net/http"

// showConsent is the page that asks the user for consent.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request) {
	v, perr := s.visited(r, r.URL.Query().Get("request"))
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	if v.login == "" || v.relogin {
		s.toPages(w, v)
		return
	}
	client, scopes, ok := s.asking(v)
	if !ok {
		s.refusePage(w, noSuchUserCode())
		return
	}
	s.writePage(w, http.StatusOK, page{
		Name: "consent", Title: "Allow access?", Action: s.path + consentPath,
		Request: v.id, CSRF: v.csrf, Client: client, Login: v.login, UserCode: v.userCode,
		Scopes: scopeItems(scopes), leadsTo: v.leadsTo(),
	})
}

// takeConsent takes the user's decision, which ends the visit.
func (s *Server) takeConsent(w http.ResponseWriter, r *http.Request) {
	v, f, perr := s.submitted(w, r)
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	allowed := f.get("decision") == "allow"
	switch {
	case v.login == "" || v.relogin:
		s.toPages(w, v)
	case !allowed && f.get("decision") != "deny":
		s.refusePage(w, refuse(codeInvalidRequest, "decision must be allow or deny"))
	case !s.visits.end(v.id):
		s.refusePage(w, refuse(codeInvalidRequest, "This request was already allowed or denied."))
	case v.auth == nil:
		s.decideDevice(w, v, allowed)
	case allowed:
		s.approveAuthorization(w, v.auth, v.login)
	default:
		s.refuseRedirect(w, v.auth, refuse(codeAccessDenied, "the user denied the request"))
	}
}
