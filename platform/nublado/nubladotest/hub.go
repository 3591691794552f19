package nubladotest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const hubCookie = "jupyterhub-hub-login"

// hub serves what is below /hub/.
func (c *call) hub(parts []string) (later func()) {
	if c.s.settings.Subdomains && strings.HasPrefix(c.r.Host, c.user+".") {
		c.violation("the hub at the host of a lab")
	}
	at := strings.Join(parts, "/")
	l := c.login(c.s.hubLogins, hubCookie)
	switch {
	case at == "login" && c.get():
		return c.or(Login, c.logIn)
	case parts[0] == "user":
		c.violation("a request to a lab that does not run")
		c.message(http.StatusFailedDependency, "JupyterHub server no longer running at "+c.s.base+"/"+at)
		return nil
	case parts[0] == "api" && !strings.HasPrefix(at, "api/oauth2/"):
		return c.api(l, parts[1:])
	case l == nil:
		if c.s.settings.XSRF { // of a visitor, which is of no use after the login
			c.setXSRF("anonymous-"+part(), c.s.base+"/hub/")
		}
		c.redirect(c.s.base + "/hub/login?next=" + url.QueryEscape(c.r.URL.RequestURI()))
		return nil
	case at == "home" && c.get():
		return c.or(Home, func() { c.hubPage(l, "Home") })
	case at == "spawn" && c.get():
		return c.or(SpawnForm, func() { c.hubPage(l, "Server Options") })
	case at == "spawn" && c.r.Method == http.MethodPost:
		return c.or(Spawn, func() { c.spawn(l) })
	case at == "spawn-pending/"+c.user && c.get():
		return c.or(SpawnPending, func() { c.pending(l) })
	case at == "api/oauth2/authorize" && c.get():
		return c.or(Authorize, c.authorize)
	}
	c.message(http.StatusNotFound, "no such page")
	return nil
}

func (c *call) get() bool { return c.r.Method == http.MethodGet }

// or answers with what a test has set for the route, or else with f.
func (c *call) or(on Action, f func()) (later func()) {
	if later = c.route(on); later == nil {
		f()
	}
	return later
}

// logIn begins a login: the ingress has said who the user is.
func (c *call) logIn() {
	value := part()
	c.s.hubLogins[value] = &login{user: c.user, xsrf: c.user + "-hub-" + part()}
	c.setCookie("jupyterhub-session-id", part(), c.s.base+"/", 0)
	c.setCookie(hubCookie, value, c.s.base+"/hub/", 0)
	next := c.r.URL.Query().Get("next")
	if !strings.HasPrefix(next, c.s.base+"/hub/") {
		next = c.s.base + "/hub/home"
	}
	c.redirect(next)
}

// hubPage is a page of the hub, with the XSRF value of the login.
func (c *call) hubPage(l *login, text string) {
	if !c.xsrf(l) {
		return
	}
	c.setXSRF(l.xsrf, c.s.base+"/hub/")
	c.page(fmt.Sprintf(`<script>window.jhdata = {user: %q, xsrf_token: %q};</script><h1>%s</h1>`, c.user, l.xsrf, text))
}

// spawn reads the form.
func (c *call) spawn(l *login) {
	if !c.xsrf(l) {
		return
	}
	if err := c.r.ParseForm(); err != nil {
		c.message(http.StatusBadRequest, "no form")
		return
	}
	form := c.r.PostForm
	c.s.requests[len(c.s.requests)-1].Form = form
	if wrong := wrongForm(form); wrong != "" {
		c.violation(wrong)
		c.hubPage(l, "Error: "+wrong)
		return
	}
	if c.s.lab(c.user) != nil {
		c.message(http.StatusBadRequest, c.user+" is already running or pending")
		return
	}
	now := time.Now()
	c.s.labs[c.user] = &lab{ready: now.Add(c.s.settings.SpawnTime), fails: c.s.settings.SpawnError, sessions: map[string]*session{}}
	c.redirect(c.s.base + "/hub/spawn-pending/" + c.user)
}

// wrongForm says what is wrong with a form; empty for nothing.
func wrongForm(form url.Values) string {
	images := 0
	for name, values := range form {
		switch name {
		case "image_list", "image_tag", "image_class":
			images++
		case "size":
			if !slices.Contains(strings.Fields("Fine Diminutive Tiny Small Medium Large Huge Gargantuan Colossal"), form.Get(name)) {
				return "no such size"
			}
		case "enable_debug":
			if form.Get(name) != "true" {
				return "enable_debug is not true"
			}
		default:
			return "unknown field " + name
		}
		if len(values) != 1 || values[0] == "" {
			return "the field " + name + " has no value, or several"
		}
	}
	if images != 1 || !form.Has("size") {
		return "one image and a size are needed"
	}
	return ""
}

// pending is the page of a lab that starts; it leads to the lab when that is ready.
func (c *call) pending(l *login) {
	switch lab := c.s.lab(c.user); {
	case lab != nil && lab.fails == "" && !time.Now().Before(lab.ready):
		c.redirect(c.labURL("/"))
	default:
		c.hubPage(l, "Your server is starting up.")
	}
}

// api serves the hub's REST API about the user.
func (c *call) api(l *login, parts []string) (later func()) {
	at, mine := strings.CutPrefix(strings.Join(parts, "/"), "users/"+c.user)
	referer, err := url.Parse(c.r.Header.Get("Referer"))
	switch {
	case l == nil, err != nil, referer.Host != c.r.Host, !strings.HasPrefix(referer.Path, c.s.base+"/hub/"):
		c.message(http.StatusForbidden, "Action is not authorized with current scopes; requires any of [read:users]")
		return nil
	case !c.xsrf(l):
		return nil
	case !mine:
		c.violation("the API about another user")
		c.message(http.StatusNotFound, "No access to resources or resources not found")
		return nil
	case at == "" && c.get():
		return c.or(User, func() { respond(c.w, http.StatusOK, c.model()) })
	case at == "/server/progress" && c.get():
		return c.progress()
	case at == "/server" && c.r.Method == http.MethodDelete:
		return c.or(Stop, c.stop)
	}
	c.message(http.StatusNotFound, "Not Found")
	return nil
}

// model is what the hub says of the user.
func (c *call) model() map[string]any {
	servers := map[string]any{}
	if l := c.s.lab(c.user); l != nil {
		var pending any
		switch now := time.Now(); {
		case !l.gone.IsZero():
			pending = "stop"
		case now.Before(l.ready):
			pending = "spawn"
		}
		servers[""] = map[string]any{
			"name": "", "pending": pending, "ready": pending == nil, "stopped": false,
			"url": c.s.base + "/user/" + c.user + "/", "user_options": map[string]any{},
		}
	}
	return map[string]any{"kind": "user", "name": c.user, "admin": false, "servers": servers}
}

// stop stops the lab.
func (c *call) stop() {
	l := c.s.lab(c.user)
	switch {
	case l == nil:
		c.w.WriteHeader(http.StatusNoContent)
	case time.Now().Before(l.ready):
		c.message(http.StatusBadRequest, c.user+" is pending spawn, please wait")
	default:
		l.gone = time.Now().Add(c.s.settings.StopTime)
		l.disconnect()
		c.w.WriteHeader(http.StatusAccepted)
	}
}

// progress follows a spawn.
func (c *call) progress() (later func()) {
	if later = c.route(ProgressOf); later != nil {
		return later
	}
	l := c.s.lab(c.user)
	if l == nil {
		c.message(http.StatusBadRequest, c.user+" is not starting...")
		return nil
	}
	ready, fails := l.ready, l.fails
	return func() { c.events(ready, fails) }
}

func (c *call) events(ready time.Time, fails string) {
	c.w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(c.w)
	send := func(text string) {
		_, _ = fmt.Fprintf(c.w, "%s\n\n", text) // a client that has gone cannot be helped
		_ = out.Flush()
	}
	send("")
	if wait := time.Until(ready); wait > 0 || fails != "" {
		send(`data: {"progress": 0, "message": "Server requested"}`)
		send(`data: {"progress": 50, "message": "Spawning server..."}`)
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.r.Context().Done():
			return
		}
	}
	if fails != "" {
		send(fmt.Sprintf(`data: {"progress": 100, "failed": true, "message": %q}`, "Spawn failed: "+fails))
		c.s.mu.Lock()
		delete(c.s.labs, c.user)
		c.s.mu.Unlock()
		return
	}
	const up = `data: {"progress": 100, "ready": true, "message": "Server ready at %[1]s", "url": "%[1]s"}`
	send(fmt.Sprintf(up, c.s.base+"/user/"+c.user+"/"))
}

// authorize is the hub's part in the login at a lab.
func (c *call) authorize() {
	q := c.r.URL.Query()
	if q.Get("client_id") != "jupyterhub-user-"+c.user || q.Get("response_type") != "code" || c.s.states[q.Get("state")] != c.user {
		c.violation("a login at a lab with another state")
		c.message(http.StatusBadRequest, "invalid request")
		return
	}
	code := part()
	c.s.codes[code] = c.user
	c.redirect(q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode())
}
