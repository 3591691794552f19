package dextest

import (
	"crypto/rand"
	"crypto/subtle"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

func (s *Server) dexRoutes() {
	s.mux.HandleFunc("GET /dex/auth", s.authorize)
	s.mux.HandleFunc("GET /dex/auth/{connector}", s.connector)
	s.mux.HandleFunc("POST /dex/auth/{connector}", s.submit)
	s.mux.HandleFunc("GET /dex/auth/{connector}/login", s.form)
	s.mux.HandleFunc("POST /dex/auth/{connector}/login", s.submit)
	s.mux.HandleFunc("/dex/approval", s.approval)
	s.mux.HandleFunc("/dex/terms", func(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusOK, termsPage, nil) })
}

// authorize is where the proxy sends a browser (RFC 6749 §4.1.1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("client_id") != clientID || query.Get("response_type") != "code" ||
		query.Get("redirect_uri") != s.callbackURL() || query.Get("state") == "" {
		dexError(w, http.StatusBadRequest)
		return
	}
	if s.config.OldDex {
		login := url.Values{"req": {s.begin(query)}}.Encode()
		if len(s.config.Connectors) == 1 {
			http.Redirect(w, r, "/dex/auth/"+s.config.Connectors[0]+"?"+login, http.StatusFound)
			return
		}
		s.choose(w, login) // only the links of the page have it
		return
	}
	if len(s.config.Connectors) == 1 {
		http.Redirect(w, r, "/dex/auth/"+s.config.Connectors[0]+"?"+r.URL.RawQuery, http.StatusFound) //nolint:gosec // a path of this server
		return
	}
	s.choose(w, r.URL.RawQuery)
}

func (s *Server) choose(w http.ResponseWriter, query string) {
	type choice struct{ Name, URL string }
	var choices []choice
	for _, c := range s.config.Connectors {
		choices = append(choices, choice{c, "/dex/auth/" + c + "?" + query})
	}
	page(w, http.StatusOK, choicePage, choices)
}

func (s *Server) begin(query url.Values) (id string) {
	id = rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[id] = &login{redirectURI: query.Get("redirect_uri"), state: query.Get("state")}
	return id
}

// connector starts a login with one connector. An unknown name is an error only if there
// are several connectors.
func (s *Server) connector(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("connector")
	if !slices.Contains(s.config.Connectors, name) {
		if len(s.config.Connectors) > 1 {
			dexError(w, http.StatusBadRequest)
			return
		}
		name = s.config.Connectors[0]
	}
	if s.config.OldDex {
		s.form(w, r)
		return
	}
	query := r.URL.Query()
	if query.Get("client_id") != clientID || query.Get("redirect_uri") != s.callbackURL() {
		dexError(w, http.StatusBadRequest)
		return
	}
	next := "/dex/auth/" + name + "/login?" + url.Values{"back": {""}, "state": {s.begin(query)}}.Encode()
	http.Redirect(w, r, next, http.StatusFound) //nolint:gosec // the name is one of Connectors
}

// requestID returns the id of the login that a page belongs to; newer versions have
// renamed the parameter.
func (s *Server) requestID(r *http.Request) string {
	if s.config.OldDex {
		return r.URL.Query().Get("req")
	}
	return r.URL.Query().Get("state")
}

func (s *Server) find(id string) *login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending[id]
}

func (s *Server) form(w http.ResponseWriter, r *http.Request) {
	if s.find(s.requestID(r)) == nil {
		dexError(w, http.StatusBadRequest)
		return
	}
	page(w, http.StatusOK, loginPage, false)
}

func (s *Server) submit(w http.ResponseWriter, r *http.Request) {
	id := s.requestID(r)
	l := s.find(id)
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if l == nil || media != "application/x-www-form-urlencoded" || len(r.PostForm) != 2 ||
		len(r.PostForm["login"]) != 1 || len(r.PostForm["password"]) != 1 {
		dexError(w, http.StatusBadRequest)
		return
	}
	user := r.PostForm.Get("login")
	password, known := s.config.Users[user]
	if !known || subtle.ConstantTimeCompare([]byte(password), []byte(r.PostForm.Get("password"))) != 1 {
		code := http.StatusUnauthorized
		if s.config.OldDex {
			code = http.StatusOK
		}
		page(w, code, loginPage, true)
		return
	}
	s.mu.Lock()
	l.user = user
	s.mu.Unlock()
	if s.config.Interlude {
		http.Redirect(w, r, "/dex/terms", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/dex/approval?"+url.Values{"req": {id}, "hmac": {proof(id)}}.Encode(), http.StatusSeeOther)
}

// proof binds the approval page to the login before it.
func proof(id string) string { return "hmac-of-" + id }

func (s *Server) approval(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	id := query.Get("req")
	s.mu.Lock()
	l := s.pending[id]
	ready := l != nil && l.user != "" && query.Get("hmac") == proof(id)
	s.mu.Unlock()
	switch {
	case !ready:
		dexError(w, http.StatusUnauthorized)
		return
	case s.config.Approval && r.Method == http.MethodGet:
		page(w, http.StatusOK, approvalPage, id)
		return
	case s.config.Approval && (r.Method != http.MethodPost || r.PostForm.Get("approval") != "approve"):
		dexError(w, http.StatusInternalServerError)
		return
	}
	code := rand.Text()
	s.mu.Lock()
	delete(s.pending, id)
	s.codes[code] = l.user
	s.mu.Unlock()
	http.Redirect(w, r, l.redirectURI+"?"+url.Values{"code": {code}, "state": {l.state}}.Encode(), http.StatusSeeOther)
}

func dexError(w http.ResponseWriter, code int) {
	http.Error(w, "Requested resource does not exist.", code)
}
