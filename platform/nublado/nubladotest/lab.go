package nubladotest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// lab is the state of one lab, from its spawn on.
type lab struct {
	ready    time.Time
	fails    string    // why it does not start
	gone     time.Time // when a stop has its end; zero while it is not being stopped
	sessions map[string]*session
}

// session is a kernel.
type session struct {
	kernel string
	cuts   []func() // end its connections
	links  []*link  // to the kernel since its start
	broken chan struct{}
}

func (l *lab) disconnect() {
	for _, s := range l.sessions {
		for _, cut := range s.cuts {
			cut()
		}
	}
}

// lab returns the lab of a user, also one that starts or stops; nil if there is none.
func (s *Nublado) lab(user string) *lab {
	l := s.labs[user]
	if l == nil || !l.gone.IsZero() && !time.Now().Before(l.gone) {
		delete(s.labs, user)
		return nil
	}
	return l
}

// KillLab ends a lab as a crash does: the hub does not notice, and the proxy answers 503.
func (s *Nublado) KillLab(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.labs[user]; l != nil {
		l.disconnect()
	}
	for _, on := range []Action{LabPage, CreateSession, DeleteSession, Interrupt, Restart, Channels, RunNotebook} {
		s.answers[answerKey{user, on}] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<h1>503 : Service Unavailable</h1>") // a client that has gone cannot be helped
		}
	}
}

// LogOutOfLab makes the cookies of a user's lab invalid.
func (s *Nublado) LogOutOfLab(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.labLogins, func(_ string, l *login) bool { return l.user == user })
}

// labURL returns where a page of the user's lab is.
func (c *call) labURL(path string) string {
	at := c.s.base + "/user/" + c.user + path
	if c.s.settings.Subdomains {
		return c.scheme() + "://" + c.user + "." + c.hubHost() + at
	}
	return at
}

func (c *call) scheme() string {
	if c.r.TLS != nil {
		return "https"
	}
	return "http"
}

func (c *call) hubHost() string {
	if !c.s.settings.Subdomains {
		return c.r.Host
	}
	return strings.TrimPrefix(c.r.Host, c.user+".")
}

// hubURL returns where a page of the hub is.
func (c *call) hubURL(path string) string {
	if c.s.settings.Subdomains {
		return c.scheme() + "://" + c.hubHost() + c.s.base + path
	}
	return c.s.base + path
}

// lab serves what is below /user/.
func (c *call) lab(parts []string) (later func()) {
	l := c.s.lab(c.user)
	at := "/" + strings.Join(parts[1:], "/")
	switch {
	case parts[0] != c.user:
		c.violation("the lab of another user")
		c.message(http.StatusForbidden, "Forbidden")
		return nil
	case l == nil, !l.gone.IsZero(), l.fails != "", time.Now().Before(l.ready):
		if !c.get() {
			c.w.Header().Set("Content-Type", "text/html; charset=UTF-8")
			c.w.WriteHeader(http.StatusMethodNotAllowed)
			c.page("405 : Method Not Allowed")
			return nil
		}
		c.redirect(c.hubURL("/hub/user/" + c.user + at))
		return nil
	case c.s.settings.Subdomains && c.r.Host == c.hubHost():
		c.redirect(c.labURL(at))
		return nil
	}
	in := c.login(c.s.labLogins, "jupyterhub-user-"+c.user)
	if in != nil && in.lab != l { // of a lab before
		in = nil
	}
	switch {
	case (at == "/lab" || at == "/") && c.get():
		return c.or(LabPage, func() { c.labPage(in) })
	case at == "/oauth_callback" && c.get():
		return c.or(Callback, func() { c.callback(l) })
	case in == nil:
		c.message(http.StatusForbidden, "Forbidden")
		return nil
	case !c.xsrf(in):
		return nil
	case at == "/api/sessions" && c.r.Method == http.MethodPost:
		return c.or(CreateSession, func() { c.createSession(l) })
	case strings.HasPrefix(at, "/api/sessions/") && c.r.Method == http.MethodDelete:
		return c.or(DeleteSession, func() { c.deleteSession(l, parts[3]) })
	case at == "/rubin/execution" && c.r.Method == http.MethodPost:
		return c.execution()
	case len(parts) == 5 && parts[1] == "api" && parts[2] == "kernels":
		return c.kernel(l, parts[3], parts[4])
	}
	c.message(http.StatusNotFound, "Not Found")
	return nil
}

// labPage is the page of JupyterLab; a visitor logs in at the hub before.
func (c *call) labPage(in *login) {
	path := c.s.base + "/user/" + c.user + "/"
	if in != nil {
		c.setXSRF(in.xsrf, path)
		c.page("JupyterLab")
		return
	}
	state := part()
	c.s.states[state] = c.user
	c.setCookie("jupyterhub-user-"+c.user+"-oauth-state", state, path, 0)
	c.redirect(c.hubURL("/hub/api/oauth2/authorize") + "?" + url.Values{
		"client_id": {"jupyterhub-user-" + c.user}, "redirect_uri": {c.labURL("/oauth_callback")}, "response_type": {"code"}, "state": {state},
	}.Encode())
}

// callback ends a login at a lab.
func (c *call) callback(l *lab) {
	q := c.r.URL.Query()
	state, err := c.r.Cookie("jupyterhub-user-" + c.user + "-oauth-state")
	if err != nil || state.Value != q.Get("state") || c.s.states[state.Value] != c.user || c.s.codes[q.Get("code")] != c.user {
		c.message(http.StatusForbidden, "OAuth state does not match. Try logging in again.")
		return
	}
	delete(c.s.states, state.Value)
	delete(c.s.codes, q.Get("code"))
	path, value := c.s.base+"/user/"+c.user+"/", part()
	c.s.labLogins[value] = &login{user: c.user, xsrf: c.user + "-lab-" + part(), lab: l}
	c.setCookie(state.Name, "", path, -1)
	c.setCookie("jupyterhub-user-"+c.user, value, path, 0)
	c.redirect(c.labURL("/lab"))
}

const maxNotebook = 16 << 20

// execution runs a notebook.
func (c *call) execution() (later func()) {
	if later = c.route(RunNotebook); later != nil {
		return later
	}
	run := c.s.notebook
	if run == nil {
		run = func(_, content string) (int, string) {
			text, _ := json.Marshal(map[string]any{"notebook": content, "resources": map[string]any{}, "error": nil}) //nolint:errchkjson // strings
			return http.StatusOK, string(text)
		}
	}
	return func() {
		content, _ := io.ReadAll(io.LimitReader(c.r.Body, maxNotebook)) // what came is what is run
		status, body := run(c.user, string(content))
		c.w.Header().Set("Content-Type", "application/json")
		c.w.WriteHeader(status)
		_, _ = io.WriteString(c.w, body) // a client that has gone cannot be helped
	}
}

// createSession starts a kernel.
func (c *call) createSession(l *lab) {
	var asked struct {
		Kernel struct {
			Name string `json:"name"`
		} `json:"kernel"`
		Path string `json:"path"`
		Type string `json:"type"`
	}
	content, _ := io.ReadAll(io.LimitReader(c.r.Body, maxBody)) // what is missing is not JSON
	switch err := json.Unmarshal(content, &asked); {
	case err != nil || asked.Path == "" || !slices.Contains([]string{"console", "notebook", "file"}, asked.Type):
		c.message(http.StatusBadRequest, "invalid session")
	case asked.Kernel.Name == "" || strings.HasPrefix(asked.Kernel.Name, "no-"):
		respond(c.w, http.StatusInternalServerError, map[string]any{
			"message": "No such kernel named " + asked.Kernel.Name, "reason": nil, "traceback": "Traceback…",
		})
	default:
		id, kernel := part(), part()
		l.sessions[id] = &session{kernel: kernel, broken: make(chan struct{})}
		respond(c.w, http.StatusCreated, map[string]any{
			"id": id, "path": asked.Path, "type": asked.Type,
			"kernel": map[string]any{"id": kernel, "name": asked.Kernel.Name, "execution_state": "starting"},
		})
	}
}

func (c *call) deleteSession(l *lab, id string) {
	s := l.sessions[id]
	if s == nil {
		c.message(http.StatusNotFound, "Session not found")
		return
	}
	delete(l.sessions, id)
	for _, cut := range s.cuts {
		cut()
	}
	c.w.WriteHeader(http.StatusNoContent)
}

// Sessions returns how many sessions the lab of a user has.
func (s *Nublado) Sessions(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lab(user); l != nil {
		return len(l.sessions)
	}
	return 0
}
