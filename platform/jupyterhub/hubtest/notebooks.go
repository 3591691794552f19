package hubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Spawn says what happens to notebook servers that are started; see [Server.SetSpawn].
// Those of the zero value are ready at once.
type Spawn struct {
	// Steps are messages of the spawner while it starts a server.
	Steps []string
	// Hold leaves a server starting until [Server.EndSpawn].
	Hold bool
	// Takes is how long a server takes to start; not zero means that the hub's answer comes
	// before.
	Takes time.Duration
	// Fail is why a server does not start; empty means that it does.
	Fail string
	// Cut ends each stream of the progress of a starting server after its steps, without
	// a result.
	Cut bool
	// Stopping is how long a server takes to stop; not zero means that the hub's answer
	// comes before.
	Stopping time.Duration
	// Busy is how many requests to start a server are answered with 429, and RetryAfter
	// what each of them says.
	Busy       int
	RetryAfter time.Duration
}

// notebook is a server of a user.
type notebook struct {
	user, name string
	spawn      Spawn
	started    time.Time
	active     time.Time
	pending    string
	ready      bool
	failed     string
	gone       time.Time     // when it will have stopped
	done       chan struct{} // closed when it has started or failed
	options    json.RawMessage
}

// SetSpawn says what happens to the servers that are started from now on.
func (h *Server) SetSpawn(s Spawn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spawn = s
}

// EndSpawn ends the start of a server that [Spawn.Hold] has left starting: it is ready or,
// if failure is not empty, does not start. The default server has no name.
func (h *Server) EndSpawn(user, server, failure string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.users[user]; a != nil && a.servers[server] != nil && a.servers[server].pending == "spawn" {
		a.servers[server].end(failure)
	}
}

func (n *notebook) end(failure string) {
	n.pending, n.failed, n.ready = "", failure, failure == ""
	close(n.done)
}

// settle ends a stop whose time has come.
func (n *notebook) settle() {
	if n.pending == "stop" && !time.Now().Before(n.gone) {
		n.pending, n.ready = "", false
	}
}

func (n *notebook) log() string {
	if n.name == "" {
		return n.user
	}
	return n.user + ":" + n.name
}

func (h *Server) path(n *notebook) string {
	path := h.config.BaseURL + "user/" + url.PathEscape(n.user) + "/"
	if n.name != "" {
		path += url.PathEscape(n.name) + "/"
	}
	return path
}

func (h *Server) serverModel(n *notebook) map[string]any {
	progress := h.config.BaseURL + "hub/api/users/" + url.PathEscape(n.user) + "/server/progress"
	if n.name != "" {
		progress = h.config.BaseURL + "hub/api/users/" + url.PathEscape(n.user) + "/servers/" + url.PathEscape(n.name) + "/progress"
	}
	m := map[string]any{
		"name": n.name, "last_activity": isoTime(n.active), "started": isoTime(n.started), "pending": nil, "ready": n.ready,
		"stopped": !n.ready && n.pending == "", "url": h.path(n), "user_options": n.options, "progress_url": progress,
	}
	if n.pending != "" {
		m["pending"] = n.pending
	}
	return m
}

func (h *Server) startServer(w http.ResponseWriter, r *http.Request) {
	options := json.RawMessage("{}")
	if !read(w, r, &options) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a, name := h.account(w, r), r.PathValue("server")
	if a == nil {
		return
	}
	n := a.servers[name]
	switch {
	case name != "" && !h.config.NamedServers:
		refuse(w, http.StatusBadRequest, "Named servers are not enabled.")
		return
	case n != nil && n.pending == "spawn":
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusAccepted)
		return
	case n != nil && n.ready:
		refuse(w, http.StatusBadRequest, n.log()+" is already running")
		return
	case h.spawn.Busy > 0:
		h.spawn.Busy--
		if h.spawn.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(h.spawn.RetryAfter.Seconds())))
		}
		refuse(w, http.StatusTooManyRequests, "Too many users trying to log in right now. Try again in a few seconds.")
		return
	}
	n = &notebook{
		user: a.Name, name: name, spawn: h.spawn, started: time.Now(), active: time.Now(), pending: "spawn", done: make(chan struct{}),
		options: options,
	}
	a.servers[name] = n
	w.Header().Set("Content-Type", "text/plain")
	switch {
	case n.spawn.Hold:
		w.WriteHeader(http.StatusAccepted)
	case n.spawn.Takes > 0:
		time.AfterFunc(n.spawn.Takes, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if n.pending == "spawn" {
				n.end(n.spawn.Fail)
			}
		})
		w.WriteHeader(http.StatusAccepted)
	case n.spawn.Fail != "":
		n.end(n.spawn.Fail)
		refuse(w, http.StatusInternalServerError, n.spawn.Fail)
	default:
		n.end("")
		w.WriteHeader(http.StatusCreated)
	}
}

func (h *Server) stopServer(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Remove bool `json:"remove"`
	}
	if !read(w, r, &in) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a, name := h.account(w, r), r.PathValue("server")
	if a == nil {
		return
	}
	n := a.servers[name]
	if n != nil {
		n.settle()
	}
	switch {
	case n == nil && name != "":
		refuse(w, http.StatusNotFound, a.Name+" has no server named '"+name+"'")
		return
	case in.Remove && name == "":
		refuse(w, http.StatusBadRequest, "Cannot delete default server")
		return
	case n != nil && n.pending == "spawn":
		refuse(w, http.StatusBadRequest, n.log()+" is pending spawn, please wait")
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	if n != nil && n.ready && n.spawn.Stopping > 0 {
		n.pending, n.ready, n.gone = "stop", false, time.Now().Add(n.spawn.Stopping)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if n != nil {
		n.ready, n.failed = false, ""
	}
	if in.Remove {
		delete(a.servers, name)
	}
	w.WriteHeader(http.StatusNoContent)
}

// progress serves the steps of a server that starts. Without a pause there is a blank line
// pair at the beginning, which keeps the connection alive.
func (h *Server) progress(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	a := h.account(w, r)
	if a == nil {
		h.mu.Unlock()
		return
	}
	n := a.servers[r.PathValue("server")]
	switch {
	case n == nil:
		h.mu.Unlock()
		refuse(w, http.StatusNotFound, "Not Found")
		return
	case n.pending != "spawn" && !n.ready && n.failed == "":
		h.mu.Unlock()
		refuse(w, http.StatusBadRequest, n.log()+" is not starting...")
		return
	}
	pending := n.pending == "spawn"
	h.mu.Unlock()

	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "\n\n")
	if pending {
		send(w, map[string]any{"progress": 0, "message": "Server requested"})
		send(w, map[string]any{"progress": 50, "message": "Spawning server..."})
		for _, step := range n.spawn.Steps {
			send(w, map[string]any{"progress": 75, "message": step})
		}
		if n.spawn.Cut {
			return
		}
		select {
		case <-n.done:
		case <-r.Context().Done():
			return
		}
	}
	h.mu.Lock()
	failed, path := n.failed, h.path(n)
	h.mu.Unlock()
	if failed != "" {
		send(w, map[string]any{"progress": 100, "failed": true, "message": "Spawn failed: " + failed})
		return
	}
	send(w, map[string]any{
		"progress": 100, "ready": true, "message": "Server ready at " + path, "url": path,
		"html_message": fmt.Sprintf("Server ready at <a href=%q>%s</a>", path, path),
	})
}

func send(w http.ResponseWriter, event any) {
	text, _ := json.Marshal(event) //nolint:errchkjson // texts and numbers
	_, _ = io.WriteString(w, "data: "+string(text)+"\n\n")
	_ = http.NewResponseController(w).Flush()
}

// lab is the proxy's way to a notebook server. Without one the hub redirects a GET to
// itself, and refuses any other method.
func (h *Server) lab(w http.ResponseWriter, r *http.Request) {
	t, user := h.caller(r), r.PathValue("name")
	rest := strings.TrimPrefix(r.URL.Path, h.config.BaseURL+"user/"+user+"/")
	h.mu.Lock()
	defer h.mu.Unlock()
	running := false
	if a := h.users[user]; a != nil {
		first, _, _ := strings.Cut(rest, "/")
		for name, n := range a.servers {
			running = running || n.ready && (name == "" || name == first)
		}
	}
	switch {
	case !running && r.Method != http.MethodGet:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusMethodNotAllowed)
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>JupyterHub</title>405 : Method Not Allowed")
	case !running:
		http.Redirect(w, r, h.config.BaseURL+"hub/user/"+user+"/"+rest, http.StatusFound) //nolint:gosec // a path below our own
	case h.allowed(t, "access:servers", user) != here:
		reply(w, http.StatusForbidden, map[string]any{"message": "Forbidden", "reason": nil})
	default:
		reply(w, http.StatusOK, map[string]string{"version": "1.23.3"})
	}
}

// noLab is the hub's answer for a server that does not run.
func (h *Server) noLab(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("name")
	message := "JupyterHub server no longer running at " + h.config.BaseURL + "user/" + user +
		"/. Restart the server at " + h.config.BaseURL + "hub/spawn/" + user
	switch {
	case r.Header.Get("Accept") == "":
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	case r.Method != http.MethodGet, strings.Contains(r.URL.Path, "/api"), strings.Contains(r.Header.Get("Accept"), "json"):
		refuse(w, http.StatusFailedDependency, message)
	default:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusFailedDependency)
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>JupyterHub</title>"+message)
	}
}
