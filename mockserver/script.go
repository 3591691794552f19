package mockserver

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Script makes a server misbehave. Its methods may be called at any time, also
// during calls. Faults combine: a call is first delayed, then rejected, then failed,
// then held.
//
// A method is named in full ("/package.Service/Method"), or as all methods of a
// service ("/package.Service/*"), or as "*": every method that needs an access token.
// Methods that need none, such as those of AuthMetadataService, must be named.
// Faults apply to calls whose access token was accepted; a call without one is
// rejected and does not count. A name that no method of the server has causes a panic,
// or an error if the method of Script returns one; both name the nearest method.
type Script struct {
	server *Server

	mu         sync.Mutex // guards everything below
	rejects    int
	delays     []delayRule
	fails      []countedRule
	every      []everyRule
	holds      []*Hold // until their call goes on
	streams    []streamRule
	answers    []answerRule
	rejections *HTTPAnswer
}

type delayRule struct {
	pattern string
	d       time.Duration
}

type countedRule struct {
	pattern string
	left    int
	status  *status.Status
}

// TokenEndpoint returns the faults of the token endpoint; see [Script.Endpoint].
func (c *Script) TokenEndpoint() *faults.Set { return c.Endpoint(oauth.EndpointToken) }

// Endpoint returns the faults of an endpoint of the authorization server, the same
// value at every call. For a name that is no endpoint the faults have no effect.
func (c *Script) Endpoint(e oauth.Endpoint) *faults.Set { return c.server.oauth.Faults(e) }

// RejectNext rejects the next n calls that need an access token with Unauthenticated,
// although their token is valid; streams before any message.
func (c *Script) RejectNext(n int) { c.edit(func() { c.rejects += max(n, 0) }) }

// FailNext answers the next n calls of method with code and message, before the
// handler runs. Code OK is no failure and does nothing.
func (c *Script) FailNext(method string, n int, code codes.Code, message string) {
	rule := countedRule{pattern: c.pattern(method), left: n, status: status.New(code, message)}
	if code == codes.OK || n <= 0 {
		return
	}
	c.edit(func() { c.fails = append(c.fails, rule) })
}

// Delay delays every call of method by d; zero stops that.
func (c *Script) Delay(method string, d time.Duration) {
	pattern := c.pattern(method)
	c.edit(func() {
		c.delays = slices.DeleteFunc(c.delays, func(r delayRule) bool { return r.pattern == pattern })
		if d > 0 {
			c.delays = append(c.delays, delayRule{pattern, d})
		}
	})
}

// Reset stops every fault, releases every call that is held, and resets the faults
// of the authorization server. Revoked tokens stay revoked.
func (c *Script) Reset() {
	c.edit(func() {
		for _, h := range c.holds {
			h.Release()
		}
		c.rejects, c.delays, c.fails, c.holds, c.streams = 0, nil, nil, nil, nil
		c.answers, c.rejections, c.every = nil, nil, nil
	})
	c.EndWatchesAtDeadline(false)
	c.DropUpdates(0)
	c.server.oauth.ResetFaults()
}

func (c *Script) edit(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// before applies the faults to a call whose access token was accepted.
func (c *Script) before(ctx context.Context, method string) error {
	delay, verdict, hold := c.plan(method)
	if err := c.server.pause(ctx, delay); err != nil {
		return err
	}
	if verdict != nil {
		return verdict.Err()
	}
	if hold != nil {
		defer c.forget(hold)
		return hold.wait(ctx, c.server, method)
	}
	return nil
}

// forget removes a hold whose call has continued or ended. Until then [Script.Reset]
// has to find it.
func (c *Script) forget(hold *Hold) {
	c.edit(func() { c.holds = slices.DeleteFunc(c.holds, func(h *Hold) bool { return h == hold }) })
}

// plan takes the faults that are due for one call of method.
func (c *Script) plan(method string) (delay time.Duration, verdict *status.Status, hold *Hold) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.delays {
		if matches(r.pattern, method) {
			delay += r.d
		}
	}
	if c.rejects > 0 && !isOpen(method) {
		c.rejects--
		return delay, status.New(codes.Unauthenticated, "rejected by script"), nil
	}
	for i := range c.fails {
		if r := &c.fails[i]; matches(r.pattern, method) {
			verdict = r.status
			if r.left--; r.left == 0 {
				c.fails = slices.Delete(c.fails, i, i+1)
			}
			return delay, verdict, nil
		}
	}
	if verdict = c.planEvery(method); verdict != nil {
		return delay, verdict, nil
	}
	for _, h := range c.holds {
		if !h.taken && matches(h.pattern, method) {
			h.taken = true
			return delay, nil, h
		}
	}
	return delay, nil, nil
}
