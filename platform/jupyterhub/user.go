package jupyterhub

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// User is a user or service of the hub. Treat it as read-only: calls share the cached
// value.
type User struct {
	// Name is the name of the user or service.
	Name string `json:"name"`
	// Kind is "user" or "service"; older hubs have users only.
	Kind string `json:"kind"`
	// Admin reports whether this is an administrator of the hub.
	Admin bool `json:"admin"`
	// Groups are the user's groups, as far as the token of the request may read them.
	Groups []string `json:"groups"`
	// Scopes are the scopes of the caller's token; hubs before 2.0 have none.
	Scopes []string `json:"scopes"`
	// SessionID is the ID of the browser session for which the token was issued, if any.
	SessionID string `json:"session_id"`
}

// maxName is longer than any name.
const maxName = 1 << 10

func parseUser(body []byte) (*User, error) {
	var u User
	if err := json.Unmarshal(body, &u); err != nil {
		return nil, errors.New("the hub's answer is not the JSON object of a user")
	}
	if u.Name == "" || len(u.Name) > maxName {
		return nil, errors.New("the hub's answer names no user")
	}
	if u.Kind == "" {
		u.Kind = "user"
	}
	return &u, nil
}

// Identity returns the user as serverauth's identity, for gRPC handlers. The subject of a
// service is "service/<name>", which is not a valid user name; the claims are kind,
// name, admin and groups.
func (u *User) Identity() serverauth.Identity {
	subject := u.Name
	if u.Kind != "user" {
		subject = u.Kind + "/" + u.Name
	}
	return serverauth.Identity{
		Subject: subject, Scopes: slices.Clone(u.Scopes),
		Claims: map[string]any{"kind": u.Kind, "name": u.Name, "admin": u.Admin, "groups": slices.Clone(u.Groups)},
	}
}

// Allow says which callers are authorized. The zero value uses the scopes of the
// environment.
//
// If there are scopes, a caller needs one of them, and nothing else counts. Without
// scopes, every user and service of the hub is authorized if no list is set; otherwise
// administrators if Admin is set, listed services, and users that are listed or are in
// a listed group.
type Allow struct {
	// Scopes are the scopes of which a caller needs one. Nil means those of the
	// environment, for a hub of 2.0 or later; an empty list means that scopes are not
	// used.
	Scopes []string
	// Users, Groups and Services are lists of names.
	Users, Groups, Services []string
	// Admin authorizes administrators, listed or not.
	Admin bool
}

// listed reports whether any list, or Admin, is set.
func (a Allow) listed() bool { return len(a.Users)+len(a.Groups)+len(a.Services) > 0 || a.Admin }

// check returns nil if u is authorized; the error wraps [ErrNotAllowed].
func (a Allow) check(u *User) error {
	var allowed bool
	switch {
	case len(a.Scopes) > 0:
		allowed = slices.ContainsFunc(a.Scopes, func(s string) bool { return holds(u.Scopes, s) })
	case !a.listed():
		allowed = true
	case a.Admin && u.Admin:
		allowed = true
	case u.Kind == "service":
		allowed = slices.Contains(a.Services, u.Name)
	default:
		allowed = slices.Contains(a.Users, u.Name) ||
			slices.ContainsFunc(a.Groups, func(g string) bool { return slices.Contains(u.Groups, g) })
	}
	if allowed {
		return nil
	}
	if len(a.Scopes) > 0 {
		return fmt.Errorf("%s %s is %w: the token has none of the scopes %s", u.Kind, u.Name, ErrNotAllowed, strings.Join(a.Scopes, ", "))
	}
	return fmt.Errorf("%s %s is %w: it is on none of the lists", u.Kind, u.Name, ErrNotAllowed)
}

// holds reports whether one of the scopes covers needed: the same scope, the same
// without its filter, or, for a server, the same with a filter for its owner.
func holds(scopes []string, needed string) bool {
	base, filter, filtered := strings.Cut(needed, "!")
	if slices.Contains(scopes, needed) || filtered && slices.Contains(scopes, base) {
		return true
	}
	if server, ok := strings.CutPrefix(filter, "server="); ok {
		user, _, _ := strings.Cut(server, "/")
		return slices.Contains(scopes, base+"!user="+user)
	}
	return false
}
