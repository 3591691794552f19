package hubtest

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// code is an authorization code that has not been used.
type code struct {
	client, redirectURI, challenge string
	browser                        session
	scopes                         []string
}

const (
	loginCookie   = "jupyterhub-hub-login"
	sessionCookie = "jupyterhub-session-id"
	oauthLife     = 14 * 24 * time.Hour
)

// login serves the hub's login form; a password is the same as the user's name.
func (h *Server) login(w http.ResponseWriter, r *http.Request) {
	next := r.URL.Query().Get("next")
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		next = h.config.BaseURL + "hub/home"
	}
	if r.Method != http.MethodPost {
		show(w, `<form method="post"><input name="username"><input name="password" type="password"></form>`, nil)
		return
	}
	h.mu.Lock()
	u, ok := h.users[r.PostFormValue("username")]
	h.mu.Unlock()
	if !ok || r.PostFormValue("password") != u.Name {
		refuse(w, http.StatusForbidden, "Invalid username or password")
		return
	}
	value, id, shared := newToken(), newToken(), newToken()
	h.mu.Lock()
	h.cookies[value] = session{u.Name, id}
	h.cookies[shared] = session{u.Name, id}
	h.mu.Unlock()
	h.keep(w, loginCookie, value, "hub/")
	h.keep(w, sessionCookie, id, "")
	h.keep(w, "jupyterhub-services", shared, "services")
	http.Redirect(w, r, next, http.StatusFound) //nolint:gosec // checked above
}

// keep sets a cookie for a path below the hub's.
func (h *Server) keep(w http.ResponseWriter, name, value, path string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // it serves http only
		Name: name, Value: value, Path: h.config.BaseURL + path, HttpOnly: true,
	})
}

// browser returns the session of a browser that is logged in at the hub.
func (h *Server) browser(r *http.Request) (session, bool) {
	c, err := r.Cookie(loginCookie)
	if err != nil {
		return session{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.cookies[c.Value]
	return s, ok
}

// client checks the client of an authorization request.
func (h *Server) client(query url.Values) (name, fault string) {
	name, ok := strings.CutPrefix(query.Get("client_id"), "service-")
	h.mu.Lock()
	_, known := h.services[name]
	h.mu.Unlock()
	callback := h.config.BaseURL + "services/" + name + "/oauth_callback"
	switch {
	case !ok || !known:
		return "", "invalid_client_id"
	case query.Get("redirect_uri") != callback:
		return "", "redirect_uri mismatch, want " + callback
	case query.Get("response_type") != "code":
		return "", "response_type must be code"
	case query.Get("state") == "":
		return "", "state is missing"
	case h.config.RequirePKCE && (query.Get("code_challenge") == "" || query.Get("code_challenge_method") != "S256"):
		return "", "code_challenge with method S256 is missing"
	}
	return name, ""
}

func (h *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if _, ok := h.browser(r); !ok {
		http.Redirect(w, r, h.config.BaseURL+"hub/login?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusFound)
		return
	}
	name, fault := h.client(r.URL.Query())
	if fault != "" {
		refuse(w, http.StatusBadRequest, fault)
		return
	}
	show(w, `<form method="post"><input type="hidden" name="scopes" value="access:services!service={{.}}"></form>`, name)
}

// consent handles the consent form, which must be sent from its own page.
func (h *Server) consent(w http.ResponseWriter, r *http.Request) {
	who, ok := h.browser(r)
	query := r.URL.Query()
	name, fault := h.client(query)
	switch {
	case !ok:
		refuse(w, http.StatusForbidden, "Forbidden")
		return
	case fault != "":
		refuse(w, http.StatusBadRequest, fault)
		return
	case r.Referer() != "http://"+r.Host+r.URL.RequestURI():
		refuse(w, http.StatusForbidden, "Authorization form must be sent from authorization page")
		return
	}
	_ = r.ParseForm()
	scopes := slices.DeleteFunc(slices.Clone(r.PostForm["scopes"]), func(s string) bool { return s != "access:services!service="+name })
	text := newToken()
	h.mu.Lock()
	h.codes[text] = code{query.Get("client_id"), query.Get("redirect_uri"), query.Get("code_challenge"), who, scopes}
	h.mu.Unlock()
	back := query.Get("redirect_uri") + "?" + url.Values{"code": {text}, "state": {query.Get("state")}}.Encode()
	http.Redirect(w, r, back, http.StatusFound) //nolint:gosec // the client's redirect URI
}

// exchange is the token endpoint (RFC 6749 §4.1.3).
func (h *Server) exchange(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "not a form")
		return
	}
	form := r.PostForm
	name := strings.TrimPrefix(form.Get("client_id"), "service-")
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.services[name]
	switch {
	case s == nil || h.valid(s.token) == nil || form.Get("client_secret") != s.token:
		oauthError(w, http.StatusUnauthorized, "invalid_client", "")
		return
	case form.Get("grant_type") != "authorization_code":
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "")
		return
	}
	c, ok := h.codes[form.Get("code")]
	delete(h.codes, form.Get("code"))
	if !ok || c.client != form.Get("client_id") || c.redirectURI != form.Get("redirect_uri") ||
		!proves(c.challenge, form.Get("code_verifier")) {
		oauthError(w, http.StatusBadRequest, "invalid_grant", "")
		return
	}
	text, t := h.issue(c.browser.user, oauthLife, c.browser.id, c.scopes)
	reply(w, http.StatusOK, map[string]any{
		"access_token": text, "expires_in": int(oauthLife.Seconds()), "token_type": "Bearer", "scope": strings.Join(t.scopes, " "),
	})
}

func proves(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

func oauthError(w http.ResponseWriter, status int, name, description string) {
	body := map[string]string{"error": name}
	if description != "" {
		body["error_description"] = description
	}
	reply(w, status, body)
}

func show(w http.ResponseWriter, layout string, data any) {
	t, err := template.New("page").Parse("<!DOCTYPE html><title>JupyterHub</title>" + layout)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = t.Execute(w, data)
}
