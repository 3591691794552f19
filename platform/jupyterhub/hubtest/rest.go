package hubtest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// restRoutes adds the resources of the REST API.
func (h *Server) restRoutes(api *http.ServeMux) {
	api.HandleFunc("GET /info", h.guarded("read:hub", h.info))
	api.HandleFunc("GET /users", h.guarded("list:users", h.listUsers))
	api.HandleFunc("POST /users", h.guarded("admin:users", h.createUsers))
	api.HandleFunc("GET /users/{name}", h.guarded("read:users read:servers read:users:name read:users:groups", h.getUser))
	api.HandleFunc("POST /users/{name}", h.guarded("admin:users", h.createUser))
	api.HandleFunc("PATCH /users/{name}", h.guarded("admin:users", h.modifyUser))
	api.HandleFunc("DELETE /users/{name}", h.guarded("delete:users", h.deleteUser))
	api.HandleFunc("POST /users/{name}/activity", h.guarded("users:activity", h.activity))
	api.HandleFunc("GET /users/{name}/tokens", h.guarded("read:tokens", h.listTokens))
	api.HandleFunc("POST /users/{name}/tokens", h.createToken)
	api.HandleFunc("GET /users/{name}/tokens/{id}", h.guarded("read:tokens", h.getToken))
	api.HandleFunc("DELETE /users/{name}/tokens/{id}", h.guarded("tokens", h.deleteToken))
	for _, server := range []string{"/users/{name}/server", "/users/{name}/servers/{server}"} {
		api.HandleFunc("POST "+server, h.guarded("servers", h.startServer))
		api.HandleFunc("DELETE "+server, h.guarded("delete:servers", h.stopServer))
		api.HandleFunc("GET "+server+"/progress", h.guarded("read:servers", h.progress))
	}
	api.HandleFunc("GET /groups", h.guarded("list:groups", h.listGroups))
	api.HandleFunc("GET /groups/{group}", h.guarded("read:groups", h.getGroup))
	api.HandleFunc("POST /groups/{group}", h.guarded("admin:groups", h.createGroup))
	api.HandleFunc("DELETE /groups/{group}", h.guarded("delete:groups", h.deleteGroup))
	api.HandleFunc("POST /groups/{group}/users", h.guarded("groups", h.members))
	api.HandleFunc("DELETE /groups/{group}/users", h.guarded("groups", h.members))
	api.HandleFunc("GET /services", h.guarded("list:services", h.listServices))
	api.HandleFunc("GET /services/{service}", h.guarded("read:services", h.getService))
}

// implied returns the scopes that a scope has in it.
func implied(scope string) []string {
	return map[string][]string{
		"admin:users":   {"users", "delete:users"},
		"users":         {"read:users", "list:users", "users:activity"},
		"read:users":    {"read:users:name", "read:users:groups"},
		"list:users":    {"read:users:name"},
		"servers":       {"delete:servers"},
		"tokens":        {"read:tokens"},
		"admin:groups":  {"groups", "delete:groups"},
		"groups":        {"read:groups", "list:groups"},
		"list:services": {"read:services"},
	}[scope]
}

// reach says how far a token's scope goes: to all users, some, or none.
type reach int

const (
	none reach = iota
	others
	here
)

// allowed returns how far a token may go with a scope, for a user, who may be empty.
func (h *Server) allowed(t *token, scope, user string) reach {
	if t == nil {
		return none
	}
	if s := h.services[t.name]; t.kind == "service" && s != nil && s.Admin {
		return here
	}
	best := none
	for _, held := range t.scopes {
		name, filter, filtered := strings.Cut(held, "!")
		if !covers(name, scope) {
			continue
		}
		if !filtered || filter == "user="+user {
			return here
		}
		best = others
	}
	return best
}

func covers(held, scope string) bool {
	return held == scope || slices.ContainsFunc(implied(held), func(sub string) bool { return covers(sub, scope) })
}

// guarded serves callers with one of the scopes. To one that has it for others only the
// resource does not exist.
func (h *Server) guarded(scopes string, next http.HandlerFunc) http.HandlerFunc {
	enough := strings.Fields(scopes)
	return func(w http.ResponseWriter, r *http.Request) {
		t := h.caller(r)
		best := none
		h.mu.Lock()
		for _, scope := range enough {
			best = max(best, h.allowed(t, scope, r.PathValue("name")))
		}
		h.mu.Unlock()
		switch best {
		case here:
			next(w, r)
		case others:
			refuse(w, http.StatusNotFound, "No access to resources or resources not found")
		default:
			refuse(w, http.StatusForbidden, "Action is not authorized with current scopes; requires any of ["+strings.Join(enough, ", ")+"]")
		}
	}
}

// read reads a body of JSON, which may be missing.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "Invalid JSON in body of request")
	}
	return err == nil
}

// replyPage answers with a list, in pages to a client that accepts them.
func replyPage(w http.ResponseWriter, r *http.Request, items []any) {
	const usual, most = 50, 200
	query := r.URL.Query()
	paged := slices.ContainsFunc(strings.Split(r.Header.Get("Accept"), ","), func(item string) bool {
		return strings.TrimSpace(item) == "application/jupyterhub-pagination+json"
	})
	offset, limit := 0, most
	if paged {
		limit = usual
	}
	for name, into := range map[string]*int{"offset": &offset, "limit": &limit} {
		if !query.Has(name) {
			continue
		}
		n, err := strconv.Atoi(query.Get(name))
		if err != nil {
			refuse(w, http.StatusBadRequest, "Invalid argument type, offset and limit must be integers")
			return
		}
		*into = n
	}
	limit = min(max(limit, 1), most)
	offset = min(max(offset, 0), len(items))
	end := min(offset+limit, len(items))
	part := append([]any{}, items[offset:end]...)
	if !paged {
		reply(w, http.StatusOK, part)
		return
	}
	var next any
	if end < len(items) {
		query.Set("offset", strconv.Itoa(end))
		query.Set("limit", strconv.Itoa(limit))
		// Of the host that the request names, as the hub sees it.
		next = map[string]any{"offset": end, "limit": limit, "url": "http://" + r.Host + "/hub/api" + r.URL.Path + "?" + query.Encode()}
	}
	reply(w, http.StatusOK, map[string]any{"items": part, "_pagination": map[string]any{
		"offset": offset, "limit": limit, "total": len(items), "next": next,
	}})
}

func (h *Server) info(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"version": "3.0.0", "python": "3.11.2", "sys_executable": "/usr/bin/python3",
		"spawner":       map[string]string{"class": "jupyterhub.spawner.SimpleLocalProcessSpawner", "version": "3.0.0"},
		"authenticator": map[string]string{"class": "jupyterhub.auth.DummyAuthenticator", "version": "3.0.0"},
	})
}
