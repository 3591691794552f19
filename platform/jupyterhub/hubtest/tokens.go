package hubtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

func tokenModel(t *token) map[string]any {
	return map[string]any{
		"kind": "api_token", "id": t.id, t.kind: t.name, "roles": []string{}, "scopes": append([]string{}, t.scopes...), "note": t.note,
		"created": isoTime(t.created), "expires_at": isoTime(t.expiry), "last_activity": nil, "session_id": t.session,
		"oauth_client": "JupyterHub",
	}
}

// ownScopes are those that every user has for themselves.
func ownScopes(user string) []string {
	var all []string
	for _, scope := range []string{"read:users", "users:activity", "servers", "read:servers", "access:servers", "tokens"} {
		all = append(all, scope+"!user="+user)
	}
	return all
}

// holds reports whether a user has a scope to give to a token.
func (h *Server) holds(a *account, scope string) bool {
	if a.Admin || strings.HasPrefix(scope, "access:services") {
		return true
	}
	name, filter, _ := strings.Cut(scope, "!")
	return (filter == "user" || filter == "user="+a.Name) && slices.ContainsFunc(ownScopes(a.Name), func(own string) bool {
		held, _, _ := strings.Cut(own, "!")
		return covers(held, name)
	})
}

// createToken also accepts a name and password in place of a token.
func (h *Server) createToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Note      string   `json:"note"`
		ExpiresIn int      `json:"expires_in"`
		Scopes    []string `json:"scopes"`
		Auth      *struct {
			Username string `json:"username"`
			Password string `json:"password"`
		} `json:"auth"`
	}
	if !read(w, r, &in) {
		return
	}
	name := r.PathValue("name")
	issue := func(w http.ResponseWriter, _ *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		a := h.users[name]
		if a == nil {
			refuse(w, http.StatusNotFound, "No such user: "+name)
			return
		}
		var more []string
		for _, scope := range in.Scopes {
			if !h.holds(a, scope) {
				more = append(more, scope)
			}
		}
		if len(more) > 0 {
			refuse(w, http.StatusBadRequest, "Not assigning requested scopes "+strings.Join(more, ",")+": "+name+" does not have them")
			return
		}
		scopes := in.Scopes
		if scopes == nil {
			scopes = ownScopes(name)
		}
		text, t := h.issue(name, time.Duration(in.ExpiresIn)*time.Second, "", scopes)
		t.note = in.Note
		m := tokenModel(t)
		m["token"] = text
		reply(w, http.StatusCreated, m)
	}
	h.mu.Lock()
	known := h.users[name] != nil
	h.mu.Unlock()
	if known && in.Auth != nil && in.Auth.Username == name && in.Auth.Password == name {
		issue(w, r)
		return
	}
	h.guarded("tokens", issue)(w, r)
}

// tokenOf returns a token of a user by its id, and its text.
func (h *Server) tokenOf(r *http.Request) (string, *token) {
	for text, t := range h.tokens {
		if t.id == r.PathValue("id") && t.kind == "user" && t.name == r.PathValue("name") && h.valid(text) != nil {
			return text, t
		}
	}
	return "", nil
}

func (h *Server) listTokens(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := []any{}
	for text, t := range h.tokens {
		if t.kind == "user" && t.name == r.PathValue("name") && h.valid(text) != nil {
			all = append(all, tokenModel(t))
		}
	}
	reply(w, http.StatusOK, map[string]any{"api_tokens": all})
}

func (h *Server) getToken(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, t := h.tokenOf(r); t != nil {
		reply(w, http.StatusOK, tokenModel(t))
		return
	}
	refuse(w, http.StatusNotFound, "Not Found")
}

func (h *Server) deleteToken(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, t := h.tokenOf(r)
	if t == nil {
		refuse(w, http.StatusNotFound, "No such token")
		return
	}
	delete(h.tokens, text)
	w.WriteHeader(http.StatusNoContent)
}
