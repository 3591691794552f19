package nublado

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/jetway-go/jetway/internal/clock"
)

// server is the part of the hub's user model about the lab.
type server struct {
	Pending string `json:"pending"` // spawn or stop
	Ready   bool   `json:"ready"`
	Stopped bool   `json:"stopped"`
	URL     string `json:"url"`
}

// stopped reports whether there is no lab at all.
func (s *server) stopped() bool { return s == nil || s.Stopped }

// model asks the hub for the user's lab; nil if there is none.
func (c *Client) model(ctx context.Context, v *visit, op string) (*server, error) {
	r := request{op: op, method: http.MethodGet, url: c.where.hub("api", "users", c.where.user), referer: true}
	body, err := c.call(ctx, v, v.calls, r, maxModel)
	if err != nil {
		return nil, err
	}
	var user struct {
		Name    *string             `json:"name"`
		Servers *map[string]*server `json:"servers"`
	}
	err = json.Unmarshal(body, &user)
	switch {
	case err != nil, user.Servers == nil:
		return nil, c.fail(v, r, ErrAnswer, errors.New("it is no model of a user with servers"))
	case user.Name != nil && *user.Name != c.where.user:
		return nil, c.fail(v, r, ErrAnswer, errors.New("it is the model of another user"))
	}
	return (*user.Servers)[""], nil
}

// LabStopped reports whether the user has no lab: none that runs, starts or is being
// stopped.
func (c *Client) LabStopped(ctx context.Context) (bool, error) {
	const op = "look at the lab"
	v, err := c.hub(ctx, op)
	if err != nil {
		return false, err
	}
	s, err := c.model(ctx, v, op)
	return err == nil && s.stopped(), err
}

// Spawn asks the hub to start a lab. It returns when the hub has accepted that; use
// [Client.WaitForSpawn] or [Client.Progress] next. A lab that is already there is
// [ErrRefused].
func (c *Client) Spawn(ctx context.Context, l Lab) error {
	r := request{op: "spawn the lab", method: http.MethodGet, mode: navigate, accept: acceptPage}
	form, err := l.form()
	if err != nil {
		return c.fail(nil, r, ErrInvalid, err)
	}
	v, err := c.hub(ctx, r.op)
	if err != nil {
		return err
	}
	r.url = c.where.hub("spawn")
	begun := func(u *url.URL) bool { return c.where.isAt(u, dirUser) }
	if _, err := c.walk(ctx, v, r, begun); err != nil { // for the XSRF value of the form
		return err
	}
	r.method, r.mode, r.url = http.MethodPost, sameOrigin, c.where.hub("spawn")
	r.body = []byte(form.Encode())
	r.header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	v.inLab.Store(false) // a new lab does not know the cookies of the one before
	end, err := c.walk(ctx, v, r, begun)
	if err != nil {
		return err
	}
	if !c.where.isAt(end.url, dirHub, "spawn-pending") && !begun(end.url) {
		r.url = end.url
		e := c.fail(v, r, ErrSpawn, errors.New("the hub shows another page than that of a lab that starts"))
		e.Status, e.Message = end.status, v.known.message(end.header, end.body)
		return e
	}
	return nil
}

// Stop asks the hub to stop the lab, and returns when the hub has accepted that; use
// [Client.WaitForStop] next. Without a lab it does nothing. A lab that is starting is
// [ErrRefused] by hubs before 5.1.
func (c *Client) Stop(ctx context.Context) error {
	r := request{op: "stop the lab", method: http.MethodDelete, referer: true}
	v, err := c.hub(ctx, r.op)
	if err != nil {
		return err
	}
	s, err := c.model(ctx, v, r.op)
	if err != nil || s.stopped() {
		return err
	}
	r.url = c.where.hub("api", "users", c.where.user, "server")
	_, err = c.call(ctx, v, v.calls, r, maxModel)
	if err == nil {
		v.inLab.Store(false)
	}
	return err
}

// WaitForStop returns when the lab is stopped. It asks the hub once a second.
func (c *Client) WaitForStop(ctx context.Context) error {
	const op = "wait for the lab to stop"
	v, err := c.hub(ctx, op)
	if err != nil {
		return err
	}
	for {
		s, err := c.model(ctx, v, op)
		if err != nil || s.stopped() {
			return err
		}
		if err := clock.Sleep(ctx, c.pause); err != nil {
			return c.fail(v, request{op: op}, ErrNoAnswer, err)
		}
	}
}
