package nublado

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// AuthToHub logs in to the hub anew: with no cookie and no XSRF value of before. Calls that
// are under way end with the old ones. If it fails, the client has the login of before.
func (c *Client) AuthToHub(ctx context.Context) error {
	_, err := c.enterHub(ctx, nil)
	return err
}

// AuthToLab logs in to the lab, which must be running. Calls that need it do so themselves;
// it is for a login before the first of them, or again.
func (c *Client) AuthToLab(ctx context.Context) error {
	v, err := c.hub(ctx, "log in to the lab")
	if err != nil {
		return err
	}
	return c.enterLab(ctx, v, true)
}

// hub returns the visit, and logs in to the hub if there is none yet.
func (c *Client) hub(ctx context.Context, op string) (*visit, error) {
	if c.wrong != nil {
		return nil, c.fail(nil, request{op: op}, ErrInvalid, c.wrong)
	}
	if v := c.current.Load(); v != nil {
		return v, nil
	}
	return c.enterHub(ctx, func() *visit { return c.current.Load() })
}

// inLab returns the visit, and logs in to hub and lab if that has not been done.
func (c *Client) inLab(ctx context.Context, op string) (*visit, error) {
	v, err := c.hub(ctx, op)
	if err != nil || v.inLab.Load() {
		return v, err
	}
	return v, c.enterLab(ctx, v, false)
}

// enterHub begins a visit, unless there is a value of already by the time that other logins
// have ended.
func (c *Client) enterHub(ctx context.Context, already func() *visit) (*visit, error) {
	r := request{op: "log in to the hub", method: http.MethodGet, mode: navigate, accept: acceptPage}
	if c.wrong != nil {
		return nil, c.fail(nil, r, ErrInvalid, c.wrong)
	}
	unlock, err := c.lock(ctx)
	if err != nil {
		return nil, c.fail(nil, r, ErrNoAnswer, err)
	}
	defer unlock()
	if already != nil {
		if v := already(); v != nil {
			return v, nil
		}
	}
	v := c.newVisit()
	r.url = c.where.hub("home")
	end, err := c.walk(ctx, v, r, nowhere)
	switch {
	case err != nil:
		return nil, err
	case c.where.isAt(end.url, dirHub, "login"):
		e := c.elsewhere(v, r, end, errors.New("the hub shows its login page, so it does not identify the user"))
		e.Kind = ErrToken
		return nil, e
	case !c.where.isAt(end.url, dirHub):
		return nil, c.elsewhere(v, r, end, errEnded)
	}
	c.current.Store(v)
	return v, nil
}

// enterLab logs in to the lab, unless it is done by the time that other logins have ended.
func (c *Client) enterLab(ctx context.Context, v *visit, again bool) error {
	r := request{op: "log in to the lab", method: http.MethodGet, mode: navigate, accept: acceptPage, lab: true}
	unlock, err := c.lock(ctx)
	if err != nil {
		return c.fail(v, r, ErrNoAnswer, err)
	}
	defer unlock()
	if v.inLab.Load() && !again {
		return nil
	}
	r.url = c.where.lab(v, "lab")
	end, err := c.walk(ctx, v, r, nowhere)
	switch {
	case err != nil:
		v.inLab.Store(false)
		return err
	case !c.where.isAt(end.url, dirUser, c.where.user):
		return c.elsewhere(v, r, end, errEnded)
	}
	v.inLab.Store(true)
	return nil
}

// elsewhere returns the error of a walk that ended at another page than it should.
func (c *Client) elsewhere(v *visit, r request, end page, err error) *APIError {
	r.url = end.url
	e := c.fail(v, r, ErrNotLoggedIn, fmt.Errorf("%w, at %s", err, v.known.scrub(bare(end.url))))
	e.Status = end.status
	return e
}
