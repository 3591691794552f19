package routing

import (
	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/internal/clock"
)

// route is where the calls on a resource go.
type route struct {
	conn    grpc.ClientConnInterface
	home    bool          // conn is the backend's own
	asked   clock.Reading // when the backend named it; zero: it was not asked
	until   clock.Reading // when it is asked again
	doubted bool          // it is asked before that
}

// maxRoutes is how many routes are remembered at most; each takes some 300 bytes.
const maxRoutes = 4096

// cache remembers the routes used last: those that the older half holds move to the newer
// one when they are used, and a full newer half becomes the older one. Make one with
// newCache.
type cache struct {
	half         int
	newer, older map[resource]*route
}

func newCache(most int) cache { return cache{half: most / 2, newer: map[resource]*route{}} }

// get returns nil if there is no route for res.
func (c *cache) get(res resource) *route {
	if r := c.newer[res]; r != nil {
		return r
	}
	r := c.older[res]
	if r != nil {
		c.put(res, r)
	}
	return r
}

func (c *cache) put(res resource, r *route) {
	if _, there := c.newer[res]; !there && len(c.newer) >= c.half {
		c.newer, c.older = make(map[resource]*route, c.half), c.newer
	}
	c.newer[res] = r
}
