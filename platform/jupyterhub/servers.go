package jupyterhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jetway-go/jetway/internal/clock"
)

// serverOf returns a request for a server of a user; an empty name is the default server.
func serverOf(op, method, user, server string, more ...string) request {
	names, subject := []string{"users", user, "server"}, user
	if server != "" {
		names, subject = []string{"users", user, "servers", server}, user+"/"+server
	}
	return to(op, subject, method, append(names, more...)...)
}

// StartServer starts a server of a user (scope servers). Ready reports whether it runs;
// otherwise it is still starting, see [Client.WaitServer]. The hub takes up to 10 seconds
// to answer. Options are what the spawner takes, sent as JSON; nil means none. The error
// is [ErrBadRequest] if the server runs already, [ErrSpawnFailed] if it did not start, and
// [ErrTooManyRequests] if the hub is busy, see [APIError.RetryAfter].
func (c *Client) StartServer(ctx context.Context, user, server string, options any) (ready bool, err error) {
	r := serverOf("start server", http.MethodPost, user, server).with(options)
	r.starts = true
	status, err := c.do(ctx, r, nil)
	return err == nil && status == http.StatusCreated, err
}

// Spawn starts a server as [Client.StartServer] does and waits until it can be used. When
// the hub is busy and says for how long, it waits and asks again.
func (c *Client) Spawn(ctx context.Context, user, server string, options any) (ServerModel, error) {
	for {
		ready, err := c.StartServer(ctx, user, server, options)
		busy, ok := errors.AsType[*APIError](err)
		switch {
		case err == nil && ready:
			return c.Server(ctx, user, server)
		case err == nil:
			return c.WaitServer(ctx, user, server)
		case !ok || !errors.Is(err, ErrTooManyRequests) || busy.RetryAfter() == 0:
			return ServerModel{}, err
		}
		if clock.Sleep(ctx, busy.RetryAfter()) != nil {
			return ServerModel{}, err
		}
	}
}

// WaitServer waits until a server that is starting can be used (scope read:servers), and
// returns it. The error is [ErrSpawnFailed] if it does not start.
func (c *Client) WaitServer(ctx context.Context, user, server string) (ServerModel, error) {
	for p, err := range c.Progress(ctx, user, server) {
		if err != nil {
			return ServerModel{}, err
		}
		if p.Ready {
			break
		}
	}
	return c.Server(ctx, user, server)
}

// Server returns a server of a user that runs, starts or stops. For any other the error is
// [ErrServerNotRunning].
func (c *Client) Server(ctx context.Context, user, server string) (ServerModel, error) {
	u, err := c.User(ctx, user)
	if err != nil {
		return ServerModel{}, err
	}
	s, ok := u.Servers[server]
	if !ok {
		return ServerModel{}, serverOf("get server", "", user, server).fail(ErrServerNotRunning)
	}
	return s, nil
}

// StopServer stops a server of a user (scope delete:servers). Stopped reports whether it
// has stopped, as one that did not run has; otherwise it is still stopping, see
// [Client.WaitStopped]. The error is [ErrBadRequest] while the server starts.
func (c *Client) StopServer(ctx context.Context, user, server string) (stopped bool, err error) {
	status, err := c.do(ctx, serverOf("stop server", http.MethodDelete, user, server), nil)
	return err == nil && status == http.StatusNoContent, err
}

// RemoveServer stops a named server of a user and makes the hub forget it. The default
// server cannot be removed.
func (c *Client) RemoveServer(ctx context.Context, user, server string) error {
	r := serverOf("remove server", http.MethodDelete, user, server).with(map[string]bool{"remove": true})
	if server == "" {
		r.wrong = fmt.Errorf("%w: the default server cannot be removed, only stopped", ErrBadRequest)
	}
	_, err := c.do(ctx, r, nil)
	return err
}

// WaitStopped waits until a server of a user does not run, start or stop, and asks the hub
// every second.
func (c *Client) WaitStopped(ctx context.Context, user, server string) error {
	for {
		_, err := c.Server(ctx, user, server)
		wait := c.pause
		if e, ok := errors.AsType[*APIError](err); ok {
			switch {
			case e.Status == 0 && errors.Is(err, ErrServerNotRunning):
				return nil
			case e.RetryAfter() == 0:
				return err
			}
			wait = e.RetryAfter()
		}
		if err := clock.Sleep(ctx, wait); err != nil {
			return serverOf("wait for the end of server", "", user, server).fail(err)
		}
	}
}
