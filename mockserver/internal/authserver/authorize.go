package authserver

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// serveAuthorize is the authorization endpoint (RFC 6749 section 3.1). It sends
// the browser on to the login page, unless [oauth.Config.AutoApprove] answers.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	parameters, perr := authorizationParameters(w, r)
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	req, perr := s.readAuthorization(parameters)
	switch {
	case perr != nil && req.redirect == "":
		// A redirect to an address that is not registered would make this server an
		// open redirector (RFC 9700 section 4.11).
		s.refusePage(w, perr)
		return
	case perr != nil:
		s.refuseRedirect(w, &req, perr)
		return
	}
	if s.cfg.AutoApprove != "" {
		s.approveAuthorization(w, &req, s.cfg.AutoApprove)
		return
	}
	v, perr := s.visits.begin(s.cookie(r), visit{auth: &req, relogin: req.asks("login") || req.asks("select_account")}, s.cfg.Now())
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	if req.asks("none") {
		s.visits.end(v.id)
		code := codeConsentRequired
		if v.login == "" {
			code = codeLoginRequired
		}
		s.refuseRedirect(w, &req, refuse(code, "prompt is none, but the user has to log in or consent"))
		return
	}
	s.toPages(w, v)
}

func authorizationParameters(w http.ResponseWriter, r *http.Request) (string, *protocolError) {
	switch r.Method {
	case http.MethodGet:
		return r.URL.RawQuery, nil
	case http.MethodPost:
		if r.URL.RawQuery != "" || !isForm(r.Header.Get("Content-Type")) {
			return "", refuse(codeInvalidRequest, "a POST carries its parameters in a form, and none in the URL")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
		if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
			return "", &protocolError{status: http.StatusRequestEntityTooLarge, code: codeInvalidRequest, description: "the form is over 64 KiB"}
		}
		if err != nil {
			return "", refuse(codeInvalidRequest, "the form could not be read to its end")
		}
		return string(body), nil
	default:
		w.Header().Set("Allow", "GET, POST")
		return "", &protocolError{status: http.StatusMethodNotAllowed, code: codeInvalidRequest, description: "want GET or POST"}
	}
}

// approveAuthorization answers a request with a code for the account of login.
func (s *Server) approveAuthorization(w http.ResponseWriter, req *authRequest, login string) {
	account, known := s.account(login)
	if !known {
		s.refuseRedirect(w, req, refuse(codeAccessDenied, "the account no longer exists"))
		return
	}
	code := s.codes.add(codeRecord{
		tokenInfo: loginOf(account, req.client.ID, req.scopes, req.audience),
		redirect:  req.redirect, challenge: req.challenge, expiry: s.cfg.Now().Add(s.cfg.CodeTTL),
	}, s.cfg.Now())
	s.cfg.Logger.Debug("oauth authorization granted", "client", req.client.ID, "scopes", req.scopes)
	s.answerRedirect(w, req, url.Values{"code": {code}})
}

// refuseRedirect redirects to the client with an error (RFC 6749 section 4.1.2.1).
func (s *Server) refuseRedirect(w http.ResponseWriter, req *authRequest, perr *protocolError) {
	s.cfg.Logger.Debug("oauth request refused", "endpoint", "authorize", "error", perr.code, "reason", perr.description)
	s.answerRedirect(w, req, url.Values{"error": {perr.code}, "error_description": {perr.description}})
}

// answerRedirect redirects to the client with an answer, state and iss.
func (s *Server) answerRedirect(w http.ResponseWriter, req *authRequest, answer url.Values) {
	if req.state != "" {
		answer.Set("state", req.state)
	}
	if iss := s.iss(); iss != "" {
		answer.Set("iss", iss)
	}
	seeOther(w, withQuery(req.redirect, answer))
}

// iss returns the parameter of RFC 9207 section 2; empty omits it.
func (s *Server) iss() string {
	if s.has(oauth.QuirkNoIss) || s.has(oauth.QuirkIssMissing) {
		return ""
	}
	if s.has(oauth.QuirkIssWrong) {
		return "https://attacker.example"
	}
	return s.cfg.Issuer
}

func seeOther(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// refusePage shows the user an error.
func (s *Server) refusePage(w http.ResponseWriter, perr *protocolError) {
	s.cfg.Logger.Debug("oauth request refused", "endpoint", "page", "error", perr.code, "reason", perr.description)
	s.writePage(w, cmp.Or(perr.status, http.StatusBadRequest), page{Name: "message", Title: "Login failed", Message: perr.description})
}
