package jupyterhub

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// Version returns the version of JupyterHub. It needs no token.
func (c *Client) Version(ctx context.Context) (string, error) {
	var answer struct {
		Version string `json:"version"`
	}
	_, err := c.do(ctx, request{op: "get version", method: http.MethodGet, path: "/"}, &answer)
	return answer.Version, err
}

// Info returns what the hub says about itself (scope read:hub).
func (c *Client) Info(ctx context.Context) (HubInfo, error) {
	var answer HubInfo
	_, err := c.do(ctx, to("get info", "", http.MethodGet, "info"), &answer)
	return answer, err
}

// Self returns who the client's own token belongs to, and its scopes. It needs no scope:
// a token that is refused here is not valid, and the error is [ErrTokenRejected].
func (c *Client) Self(ctx context.Context) (SelfModel, error) {
	var answer SelfModel
	r := to("get own user", "", http.MethodGet, "user")
	r.own = true
	_, err := c.do(ctx, r, &answer)
	return answer, err
}

// UserFilter selects users. The zero value selects all.
type UserFilter struct {
	// State is "active" for users with a server that runs or starts, "ready" for those
	// with one that runs, "inactive" for those with none.
	State string
	// Name is a part of the name.
	Name string
	// IncludeStopped also lists servers that do not run.
	IncludeStopped bool
	// PageSize is how many users are read with one request; zero means 100. The hub may
	// send fewer.
	PageSize int
}

const pageSize = 100

// Users returns the users that the token may list (scope list:users), page by page. It
// ends with the first error. Users that are added or deleted meanwhile may be missing or
// come twice.
func (c *Client) Users(ctx context.Context, f UserFilter) iter.Seq2[UserModel, error] {
	query := url.Values{}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	set("state", f.State)
	set("name_filter", f.Name)
	if f.IncludeStopped {
		set("include_stopped_servers", "1")
	}
	size := f.PageSize
	if size <= 0 {
		size = pageSize
	}
	query.Set("limit", strconv.Itoa(size))
	return pages[UserModel](ctx, c, to("list users", "", http.MethodGet, "users"), query)
}

// User returns one user.
func (c *Client) User(ctx context.Context, name string) (UserModel, error) {
	var answer UserModel
	_, err := c.do(ctx, to("get user", name, http.MethodGet, "users", name), &answer)
	return answer, err
}

// CreateUser adds a user (scope admin:users). The error is [ErrExists] if there is one of
// this name.
func (c *Client) CreateUser(ctx context.Context, name string, admin bool) (UserModel, error) {
	var answer UserModel
	body := map[string]bool{"admin": admin}
	_, err := c.do(ctx, to("create user", name, http.MethodPost, "users", name).with(body), &answer)
	return answer, err
}

// CreateUsers adds users and returns those that were not there before. The error is
// [ErrExists] if all of them were.
func (c *Client) CreateUsers(ctx context.Context, admin bool, names ...string) ([]UserModel, error) {
	var answer []UserModel
	body := map[string]any{"usernames": append([]string{}, names...), "admin": admin}
	_, err := c.do(ctx, to("create users", "", http.MethodPost, "users").with(body), &answer)
	return answer, err
}

// UserChange is what changes of a user; zero fields stay as they are.
type UserChange struct {
	Name  string `json:"name,omitempty"`  // the new one
	Admin *bool  `json:"admin,omitempty"` // nil leaves it as it is
}

// ModifyUser changes a user (scope admin:users).
func (c *Client) ModifyUser(ctx context.Context, name string, change UserChange) (UserModel, error) {
	var answer UserModel
	_, err := c.do(ctx, to("modify user", name, http.MethodPatch, "users", name).with(change), &answer)
	return answer, err
}

// DeleteUser deletes a user and stops the user's servers (scope delete:users).
func (c *Client) DeleteUser(ctx context.Context, name string) error {
	_, err := c.do(ctx, to("delete user", name, http.MethodDelete, "users", name), nil)
	return err
}
