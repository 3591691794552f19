package authserver

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// cookieName differs between servers: browsers give cookies to every port of a host.
func (s *Server) cookieName() string { return "session_" + oauth.TokenID(s.cfg.Issuer)[:8] }

func (s *Server) cookie(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Server) setCookie(w http.ResponseWriter, v view) {
	if v.cookie == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the issuer: without TLS the cookie would not come back
		Name: s.cookieName(), Value: v.cookie, Path: s.path + "/", MaxAge: int(sessionTTL.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.cfg.Issuer, "https:"),
	})
}

// toPages redirects the browser to the next page of a visit.
func (s *Server) toPages(w http.ResponseWriter, v view) {
	s.setCookie(w, v)
	path := consentPath
	if v.login == "" || v.relogin {
		path = loginPath
	}
	seeOther(w, s.path+path+"?"+url.Values{"request": {v.id}}.Encode())
}

// visited returns the visit that a page or a form belongs to.
func (s *Server) visited(r *http.Request, id string) (view, *protocolError) {
	v, ok := s.visits.find(s.cookie(r), id, s.cfg.Now())
	if !ok {
		return view{}, refuse(codeInvalidRequest, "This login is unknown or has expired. Start it again.")
	}
	return v, nil
}

// submitted reads a page's form.
func (s *Server) submitted(w http.ResponseWriter, r *http.Request) (view, form, *protocolError) {
	f, perr := readForm(w, r)
	if perr != nil {
		return view{}, nil, perr
	}
	v, perr := s.visited(r, f.get("request"))
	if perr != nil {
		return view{}, nil, perr
	}
	if v.forged(f) {
		return view{}, nil, &protocolError{
			status: http.StatusForbidden, code: codeInvalidRequest, description: "This form does not come from this server.",
		}
	}
	return v, f, nil
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request) {
	v, perr := s.visited(r, r.URL.Query().Get("request"))
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	s.writeLogin(w, v, "", "")
}

func (s *Server) writeLogin(w http.ResponseWriter, v view, login, problem string) {
	client, _, _ := s.asking(v) // a device that no longer waits is refused on the next page
	s.writePage(w, http.StatusOK, page{
		Name: "login", Title: "Log in", Problem: problem, Client: client, Login: login,
		Action: s.path + loginPath, Request: v.id, CSRF: v.csrf, leadsTo: v.leadsTo(),
	})
}

// takeLogin takes the login form. For a wrong password the answer is the form again, with
// status 200 as most servers send it.
func (s *Server) takeLogin(w http.ResponseWriter, r *http.Request) {
	v, f, perr := s.submitted(w, r)
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	account, ok := s.logIn(f.get("login"), f.get("password"))
	if !ok {
		s.writeLogin(w, v, f.get("login"), "Login or password is wrong. Try again.")
		return
	}
	s.toPages(w, s.visits.loggedIn(s.cookie(r), v.id, account.Login))
}

// asking returns the client that a visit is about and the scopes that it asks for;
// false if the visit is about a device that no longer waits.
func (s *Server) asking(v view) (client string, scopes []string, ok bool) {
	if v.auth != nil {
		return v.auth.client.ID, v.auth.scopes, true
	}
	d, ok := s.devices.waiting(v.userCode, s.cfg.Now())
	return d.ClientID, d.Scopes, ok
}

// leadsTo returns the redirect URI at the end of the visit, empty if there is none.
func (w view) leadsTo() string {
	if w.auth == nil {
		return ""
	}
	return w.auth.redirect
}
