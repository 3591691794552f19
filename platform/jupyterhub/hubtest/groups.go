package hubtest

import (
	"net/http"
	"slices"
)

func (h *Server) groupModel(name string) map[string]any {
	users := []string{}
	for _, user := range h.order {
		if slices.Contains(h.users[user].Groups, name) {
			users = append(users, user)
		}
	}
	return map[string]any{"kind": "group", "name": name, "users": users, "roles": []string{}}
}

func (h *Server) listGroups(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	items := []any{}
	for _, name := range h.groups {
		items = append(items, h.groupModel(name))
	}
	h.mu.Unlock()
	replyPage(w, r, items)
}

// group returns the group of a request, or answers that there is none.
func (h *Server) group(w http.ResponseWriter, r *http.Request) (string, bool) {
	name := r.PathValue("group")
	if !slices.Contains(h.groups, name) {
		refuse(w, http.StatusNotFound, "No such group: "+name)
		return "", false
	}
	return name, true
}

func (h *Server) getGroup(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if name, ok := h.group(w, r); ok {
		reply(w, http.StatusOK, h.groupModel(name))
	}
}

func (h *Server) createGroup(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := r.PathValue("group")
	if slices.Contains(h.groups, name) {
		refuse(w, http.StatusConflict, "Group "+name+" already exists")
		return
	}
	h.groups = append(h.groups, name)
	reply(w, http.StatusCreated, h.groupModel(name))
}

func (h *Server) deleteGroup(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name, ok := h.group(w, r)
	if !ok {
		return
	}
	h.groups = slices.DeleteFunc(h.groups, func(other string) bool { return other == name })
	for _, a := range h.users {
		a.Groups = without(a.Groups, name)
	}
	w.WriteHeader(http.StatusNoContent)
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == name })
}

// members adds users to a group, or removes them.
func (h *Server) members(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Users []string `json:"users"`
	}
	if !read(w, r, &in) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	name, ok := h.group(w, r)
	switch {
	case !ok:
		return
	case in.Users == nil:
		refuse(w, http.StatusBadRequest, "Must specify users")
		return
	}
	for _, user := range in.Users {
		if h.users[user] == nil {
			refuse(w, http.StatusBadRequest, "No such user: "+user)
			return
		}
	}
	for _, user := range in.Users {
		a := h.users[user]
		if a.Groups = without(a.Groups, name); r.Method == http.MethodPost {
			a.Groups = append(a.Groups, name)
		}
	}
	reply(w, http.StatusOK, h.groupModel(name))
}

func (h *Server) serviceModel(s *service) map[string]any {
	m := map[string]any{
		"kind": "service", "name": s.Name, "admin": s.Admin, "roles": []string{}, "url": s.URL, "prefix": "", "command": []string{},
		"pid": 0, "info": map[string]any{}, "display": true,
	}
	if s.URL != "" {
		m["prefix"] = h.config.BaseURL + "services/" + s.Name + "/"
	}
	return m
}

// listServices answers with an object by name, not with a list.
func (h *Server) listServices(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[string]any{}
	for name, s := range h.services {
		all[name] = h.serviceModel(s)
	}
	reply(w, http.StatusOK, all)
}

func (h *Server) getService(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.services[r.PathValue("service")]
	if s == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	reply(w, http.StatusOK, h.serviceModel(s))
}
