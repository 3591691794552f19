package hubtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// account is a user with their servers.
type account struct {
	User

	created time.Time
	active  time.Time
	servers map[string]*notebook // those that were started once
}

func (h *Server) addUser(u User) *account {
	if h.users[u.Name] == nil {
		h.order = append(h.order, u.Name)
	}
	for _, g := range u.Groups {
		if !slices.Contains(h.groups, g) {
			h.groups = append(h.groups, g)
		}
	}
	a := &account{User: u, created: time.Now(), servers: map[string]*notebook{}}
	h.users[u.Name] = a
	return a
}

// userModel returns as much of a user as the scopes of a token show.
func (h *Server) userModel(t *token, a *account, withStopped bool) map[string]any {
	m := map[string]any{"kind": "user", "name": a.Name}
	may := func(scope string) bool { return h.allowed(t, scope, a.Name) == here }
	if may("read:users") {
		m["admin"], m["roles"], m["groups"] = a.Admin, []string{"user"}, append([]string{}, a.Groups...)
		m["created"], m["last_activity"] = isoTime(a.created), isoTime(a.active)
	}
	if may("admin:auth_state") {
		m["auth_state"] = nil
	}
	if may("read:servers") {
		m["server"], m["pending"] = nil, nil
		servers := map[string]any{}
		for name, n := range a.servers {
			n.settle()
			if n.ready || n.pending != "" || withStopped {
				servers[name] = h.serverModel(n)
			}
			if name == "" && n.ready {
				m["server"] = h.path(n)
			}
			if name == "" && n.pending != "" {
				m["pending"] = n.pending
			}
		}
		m["servers"] = servers
	}
	return m
}

// isoTime is null for no time.
func isoTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

func (h *Server) listUsers(w http.ResponseWriter, r *http.Request) {
	t, query := h.caller(r), r.URL.Query()
	state := query.Get("state")
	if !slices.Contains([]string{"", "active", "ready", "inactive"}, state) {
		refuse(w, http.StatusBadRequest, "Unrecognized state filter: '"+state+"'")
		return
	}
	items := []any{}
	h.mu.Lock()
	for _, name := range h.order {
		a := h.users[name]
		active, ready := false, false
		for _, n := range a.servers {
			n.settle()
			active = active || n.ready || n.pending != ""
			ready = ready || n.ready
		}
		fits := map[string]bool{"": true, "active": active, "ready": ready, "inactive": !active}[state]
		if fits && strings.Contains(name, query.Get("name_filter")) {
			items = append(items, h.userModel(t, a, query.Has("include_stopped_servers")))
		}
	}
	h.mu.Unlock()
	replyPage(w, r, items)
}

// account returns the user of a request, or answers that there is none.
func (h *Server) account(w http.ResponseWriter, r *http.Request) *account {
	a := h.users[r.PathValue("name")]
	if a == nil {
		refuse(w, http.StatusNotFound, "Not Found")
	}
	return a
}

func (h *Server) getUser(w http.ResponseWriter, r *http.Request) {
	t := h.caller(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.account(w, r); a != nil {
		reply(w, http.StatusOK, h.userModel(t, a, r.URL.Query().Has("include_stopped_servers")))
	}
}

func (h *Server) createUsers(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Usernames []string `json:"usernames"`
		Admin     bool     `json:"admin"`
	}
	if !read(w, r, &in) {
		return
	}
	if len(in.Usernames) == 0 {
		refuse(w, http.StatusBadRequest, "Must specify at least one user to create")
		return
	}
	t := h.caller(r)
	made := []any{}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range in.Usernames {
		if h.users[name] == nil {
			made = append(made, h.userModel(t, h.addUser(User{Name: name, Admin: in.Admin}), false))
		}
	}
	if len(made) == 0 {
		refuse(w, http.StatusConflict, "All "+strings.Join(in.Usernames, ", ")+" already exist")
		return
	}
	reply(w, http.StatusCreated, made)
}

func (h *Server) createUser(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Admin bool `json:"admin"`
	}
	if !read(w, r, &in) {
		return
	}
	t, name := h.caller(r), r.PathValue("name")
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users[name] != nil {
		refuse(w, http.StatusConflict, "User "+name+" already exists")
		return
	}
	reply(w, http.StatusCreated, h.userModel(t, h.addUser(User{Name: name, Admin: in.Admin}), false))
}

func (h *Server) modifyUser(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name  string `json:"name"`
		Admin *bool  `json:"admin"`
	}
	if !read(w, r, &in) {
		return
	}
	t := h.caller(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.account(w, r)
	switch {
	case a == nil:
		return
	case in.Name != "" && in.Name != a.Name && h.users[in.Name] != nil:
		refuse(w, http.StatusBadRequest, "User "+in.Name+" already exists, username must be unique")
		return
	case in.Name != "":
		h.order[slices.Index(h.order, a.Name)] = in.Name
		delete(h.users, a.Name)
		a.Name = in.Name
		h.users[a.Name] = a
	}
	if in.Admin != nil {
		a.Admin = *in.Admin
	}
	reply(w, http.StatusOK, h.userModel(t, a, false))
}

func (h *Server) deleteUser(w http.ResponseWriter, r *http.Request) {
	t := h.caller(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.account(w, r)
	switch {
	case a == nil:
	case t.kind == "user" && t.name == a.Name:
		refuse(w, http.StatusBadRequest, "Cannot delete yourself!")
	default:
		delete(h.users, a.Name)
		h.order = slices.DeleteFunc(h.order, func(name string) bool { return name == a.Name })
		for text, other := range h.tokens {
			if other.kind == "user" && other.name == a.Name {
				delete(h.tokens, text)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *Server) activity(w http.ResponseWriter, r *http.Request) {
	type when struct {
		Last time.Time `json:"last_activity"`
	}
	var in struct {
		when

		Servers map[string]when `json:"servers"`
	}
	if !read(w, r, &in) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.account(w, r)
	if a == nil {
		return
	}
	latest := time.Now().Add(time.Hour)
	for name, at := range in.Servers {
		if a.servers[name] == nil || at.Last.After(latest) {
			refuse(w, http.StatusBadRequest, "No such server '"+name+"' for user "+a.Name+", or a time in the future")
			return
		}
	}
	if in.Last.After(latest) {
		refuse(w, http.StatusBadRequest, "last_activity is in the future")
		return
	}
	for name, at := range in.Servers {
		a.servers[name].active = at.Last
	}
	if in.Last.After(a.active) {
		a.active = in.Last
	}
	w.WriteHeader(http.StatusOK)
}
