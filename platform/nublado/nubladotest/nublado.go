package nubladotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Nublado is a hub with the labs of its users, an http.Handler for everything below the
// path of its address, behind an ingress of Gafaelfawr. It is as strict as JupyterHub is
// with cookies, XSRF values, modes and the Referer, and stricter where a correct client
// gives no reason: a cookie of one user with the token of another is a violation. It is
// safe for concurrent use.
type Nublado struct {
	gafaelfawr *Gafaelfawr
	base       string // the path in front of everything, such as /nb

	mu         sync.Mutex
	labs       map[string]*lab
	hubLogins  map[string]*login // by value of the cookie
	labLogins  map[string]*login
	states     map[string]string // of logins at labs that are under way, to the user
	codes      map[string]string
	answers    map[answerKey]http.HandlerFunc
	run        func(user, code string) Output
	notebook   func(user, content string) (status int, body string)
	settings   Settings
	requests   []HubRequest
	violations []string
}

// Settings are how a [Nublado] behaves. The zero value is a hub of version 3, whose labs
// are ready at once.
type Settings struct {
	// XSRF turns the rules of hubs from 4.1 on on: XSRF values belong to a login, are set for
	// pages only, and every other request needs one.
	XSRF bool
	// Subdomains serves the labs at a host for each user, ada.nb.example.com, and only there.
	Subdomains bool
	// SpawnTime is how long a lab takes to start, and StopTime to stop.
	SpawnTime, StopTime time.Duration
	// SpawnError makes labs fail to start, with this text.
	SpawnError string
	// TextFrames makes kernels speak JSON instead of the binary form.
	TextFrames bool
}

// HubRequest is a request that came through the ingress. It contains no secret.
type HubRequest struct {
	// User is whose token it had.
	User string
	// Method and Path are those of the request.
	Method, Path string
	// Form is what was sent to the form of the hub; nil for any other request.
	Form url.Values
}

// login is one login at the hub or at a lab.
type login struct {
	user string
	xsrf string
	lab  *lab // nil for the hub's
}

// Action names a route, for [Nublado.Answer].
type Action string

// The routes.
const (
	Home          Action = "home"
	Login         Action = "login"
	SpawnForm     Action = "spawn form"
	Spawn         Action = "spawn"
	SpawnPending  Action = "spawn pending"
	User          Action = "user"
	ProgressOf    Action = "progress"
	Stop          Action = "stop"
	Authorize     Action = "authorize"
	LabPage       Action = "lab page"
	Callback      Action = "callback"
	CreateSession Action = "create session"
	DeleteSession Action = "delete session"
	Interrupt     Action = "interrupt"
	Restart       Action = "restart"
	Channels      Action = "channels"
	RunNotebook   Action = "run notebook"
)

type answerKey struct {
	user string
	on   Action
}

// NewNublado makes a Nublado that does not listen, for addresses below a path such as /nb,
// and for tokens of g.
func NewNublado(g *Gafaelfawr, base string) *Nublado {
	return &Nublado{
		gafaelfawr: g, base: strings.TrimRight(base, "/"),
		labs: map[string]*lab{}, hubLogins: map[string]*login{}, labLogins: map[string]*login{},
		states: map[string]string{}, codes: map[string]string{}, answers: map[answerKey]http.HandlerFunc{}, run: RunPython,
	}
}

// Set changes how it behaves, for labs that start after that.
func (s *Nublado) Set(to Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = to
}

// Answer answers requests of a user to a route with h, instead of what it would do; a nil h
// ends that. The cookies of the request have been checked.
func (s *Nublado) Answer(user string, on Action, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers[answerKey{user, on}] = h; h == nil {
		delete(s.answers, answerKey{user, on})
	}
}

// OnRun sets what runs code, instead of [RunPython].
func (s *Nublado) OnRun(run func(user, code string) Output) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = run
}

// OnNotebook sets how a lab answers the run of a notebook; without it, it returns the
// notebook as it was.
func (s *Nublado) OnNotebook(run func(user, content string) (status int, body string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notebook = run
}

// EndLogins makes the cookies of a user invalid, as a restart of the hub does.
func (s *Nublado) EndLogins(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, logins := range []map[string]*login{s.hubLogins, s.labLogins} {
		for value, l := range logins {
			if l.user == user {
				delete(logins, value)
			}
		}
	}
}

// Requests returns the requests so far, oldest first.
func (s *Nublado) Requests() []HubRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Violations returns what a correct client would not have sent, a line for each.
func (s *Nublado) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// ServeHTTP serves the hub and the labs.
func (s *Nublado) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, ok := s.ingress(w, r)
	if !ok {
		return
	}
	c := &call{s: s, w: w, r: r, user: user}
	s.mu.Lock()
	s.requests = append(s.requests, HubRequest{User: user, Method: r.Method, Path: r.URL.Path})
	later := c.serve()
	s.mu.Unlock()
	if later != nil {
		later()
	}
}

// ingress is what Gafaelfawr lets through.
func (s *Nublado) ingress(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	g := s.gafaelfawr
	g.mu.Lock()
	t, live := g.live(text)
	g.mu.Unlock()
	switch {
	case len(r.Header.Values("Authorization")) != 1 || scheme != "Bearer" || !live:
		w.Header().Set("WWW-Authenticate", `Bearer realm="data.example.org"`)
		respond(w, http.StatusUnauthorized, refused("invalid_token", "Token is not valid"))
	case !slices.Contains(t.scopes, NotebookScope):
		respond(w, http.StatusForbidden, refused("permission_denied", "Token does not have required scope "+NotebookScope))
	default:
		return t.user, true
	}
	return "", false
}

func refused(kind, message string) map[string]any {
	return map[string]any{"detail": []any{map[string]string{"type": kind, "msg": message}}}
}

// call is one request, whose user is known. Its methods hold the lock.
type call struct {
	s    *Nublado
	w    http.ResponseWriter
	r    *http.Request
	user string
}

// serve answers the request, or returns what does so without the lock.
func (c *call) serve() (later func()) {
	path, ok := strings.CutPrefix(c.r.URL.Path, c.s.base+"/")
	if !ok {
		c.message(http.StatusNotFound, "no such route")
		return nil
	}
	if !c.own() {
		c.message(http.StatusForbidden, "Forbidden")
		return nil
	}
	parts := strings.Split(path, "/")
	if parts[0] == "hub" {
		return c.hub(parts[1:])
	}
	if parts[0] == "user" && len(parts) > 1 {
		return c.lab(parts[1:])
	}
	c.message(http.StatusNotFound, "no such route")
	return nil
}

// own reports whether all cookies belong to the user of the token.
func (c *call) own() bool {
	for _, cookie := range c.r.Cookies() {
		for _, logins := range []map[string]*login{c.s.hubLogins, c.s.labLogins} {
			l := logins[cookie.Value]
			if l != nil && l.user != c.user {
				c.violation("a cookie of " + l.user)
				return false
			}
		}
	}
	return true
}

func (c *call) violation(what string) {
	c.s.violations = append(c.s.violations, fmt.Sprintf("%s: %s %s: %s", c.user, c.r.Method, c.r.URL.Path, what))
}

// route returns the handler that a test has set for a route.
func (c *call) route(on Action) (later func()) {
	if h := c.s.answers[answerKey{c.user, on}]; h != nil {
		return func() { h(c.w, c.r) }
	}
	return nil
}

func (c *call) message(status int, text string) {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	body := map[string]any{"status": status, "message": text}
	_ = json.NewEncoder(c.w).Encode(body) //nolint:errchkjson // a client that has gone cannot be helped
}

func (c *call) page(text string) {
	c.w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	_, _ = fmt.Fprintf(c.w, "<html><head><title>JupyterHub</title></head><body>%s</body></html>", text)
}

func (c *call) redirect(to string) {
	c.w.Header().Set("Location", to)
	c.w.WriteHeader(http.StatusFound)
}

// login returns the login whose cookie the request has; nil if there is none.
func (c *call) login(logins map[string]*login, name string) *login {
	cookie, err := c.r.Cookie(name)
	if err != nil {
		return nil
	}
	return logins[cookie.Value]
}

// setCookie sets a cookie as JupyterHub does, or deletes it if age is less than zero.
func (c *call) setCookie(name, value, path string, age int) {
	http.SetCookie(c.w, &http.Cookie{ //nolint:gosec // without TLS, as in tests, it is not Secure
		Name: name, Value: value, Path: path, MaxAge: age, HttpOnly: true, Secure: c.r.TLS != nil, Quoted: value != "" && name != "_xsrf",
	})
}

// setXSRF sets the XSRF value of a login, as hub and labs do with a page.
func (c *call) setXSRF(value, path string) {
	if mode := c.r.Header.Get("Sec-Fetch-Mode"); !c.s.settings.XSRF || mode == "" || mode == "navigate" {
		c.setCookie("_xsrf", value, path, 0)
	}
}

// xsrf checks the XSRF value of a request, and answers if it is wrong. A hub before 4.0 and
// its labs do so for requests that change something.
func (c *call) xsrf(l *login) bool {
	mode := c.r.Header.Get("Sec-Fetch-Mode")
	reads := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	if reads && (!c.s.settings.XSRF || mode == "" || mode == "navigate") || mode == "websocket" && c.r.Header.Get("Upgrade") != "" {
		return true
	}
	sent := c.r.Header.Get("X-Xsrftoken")
	cookie, err := c.r.Cookie("_xsrf")
	switch {
	case sent == "":
		c.message(http.StatusForbidden, "'_xsrf' argument missing from "+c.r.Method)
	case err != nil || cookie.Value != sent || sent != l.xsrf:
		c.message(http.StatusForbidden, "XSRF cookie does not match "+c.r.Method+" argument")
	default:
		return true
	}
	return false
}
