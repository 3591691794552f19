package jupyterhub

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
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
