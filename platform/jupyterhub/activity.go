package jupyterhub

import (
	"context"
	"net/http"
	"time"
)

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
