package jupyterhub

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Groups returns the groups that the token may list (scope list:groups), page by page. It
// ends with the first error.
func (c *Client) Groups(ctx context.Context) iter.Seq2[GroupModel, error] {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	return pages[GroupModel](ctx, c, to("list groups", "", http.MethodGet, "groups"), query)
}

// Group returns one group.
func (c *Client) Group(ctx context.Context, name string) (GroupModel, error) {
	var answer GroupModel
	_, err := c.do(ctx, to("get group", name, http.MethodGet, "groups", name), &answer)
	return answer, err
}

// CreateGroup adds a group without users (scope admin:groups).
func (c *Client) CreateGroup(ctx context.Context, name string) (GroupModel, error) {
	var answer GroupModel
	_, err := c.do(ctx, to("create group", name, http.MethodPost, "groups", name), &answer)
	return answer, err
}

// DeleteGroup deletes a group (scope delete:groups). Its users stay.
func (c *Client) DeleteGroup(ctx context.Context, name string) error {
	_, err := c.do(ctx, to("delete group", name, http.MethodDelete, "groups", name), nil)
	return err
}

// AddToGroup adds users to a group (scope groups) and returns it. A user who does not
// exist is [ErrBadRequest].
func (c *Client) AddToGroup(ctx context.Context, group string, users ...string) (GroupModel, error) {
	return c.members(ctx, to("add to group", group, http.MethodPost, "groups", group, "users"), users)
}

// RemoveFromGroup removes users from a group (scope groups) and returns it.
func (c *Client) RemoveFromGroup(ctx context.Context, group string, users ...string) (GroupModel, error) {
	return c.members(ctx, to("remove from group", group, http.MethodDelete, "groups", group, "users"), users)
}

func (c *Client) members(ctx context.Context, r request, users []string) (GroupModel, error) {
	var answer GroupModel
	_, err := c.do(ctx, r.with(map[string][]string{"users": append([]string{}, users...)}), &answer)
	return answer, err
}

// Services returns the services that the token may list (scope list:services), by name.
func (c *Client) Services(ctx context.Context) (map[string]ServiceModel, error) {
	var answer map[string]ServiceModel
	_, err := c.do(ctx, to("list services", "", http.MethodGet, "services"), &answer)
	return answer, err
}

// Service returns one service.
func (c *Client) Service(ctx context.Context, name string) (ServiceModel, error) {
	var answer ServiceModel
	_, err := c.do(ctx, to("get service", name, http.MethodGet, "services", name), &answer)
	return answer, err
}

// ReportActivity says when a user was last active (scope users:activity), at all and at
// servers, by name. Zero times are left out. The hub refuses a time more than an hour
// ahead and a server that it does not know, with [ErrBadRequest].
func (c *Client) ReportActivity(ctx context.Context, user string, last time.Time, servers map[string]time.Time) error {
	type activity struct {
		Last string `json:"last_activity"`
	}
	body := map[string]any{}
	if !last.IsZero() {
		body["last_activity"] = hubTime(last)
	}
	at := map[string]activity{}
	for name, t := range servers {
		if !t.IsZero() {
			at[name] = activity{hubTime(t)}
		}
	}
	if len(at) > 0 {
		body["servers"] = at
	}
	_, err := c.do(ctx, to("report activity", user, http.MethodPost, "users", user, "activity").with(body), nil)
	return err
}

// hubTime is the form in which the hub writes times itself.
func hubTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
