package routing

import (
	"net"
	"sync"

	"google.golang.org/grpc"
)

// maxConns is how many clusters have a connection of their own, and how many warnings
// there are at most: what the addresses are is up to the backend.
const maxConns = 64

// conns are the connections to clusters, one for each address.
type conns struct {
	cfg Config

	mu     sync.Mutex // guards everything below
	open   map[string]grpc.ClientConnInterface
	warned map[string]bool
}

func newConns(cfg Config) conns {
	return conns{cfg: cfg, open: map[string]grpc.ClientConnInterface{}, warned: map[string]bool{}}
}

// get returns the connection for an address that the backend has answered: the backend's
// own if that is meant, or if the policy refuses the address.
func (c *conns) get(address string) (grpc.ClientConnInterface, error) {
	v := c.cfg.Policy.judge(address)
	if v.home {
		return c.cfg.Home, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := net.JoinHostPort(bare(v.to.Host), v.to.Port)
	if v.plaintext {
		key = "http://" + key
	}
	conn := c.open[key]
	switch {
	case v.refused == "" && conn != nil:
		return conn, nil
	case v.refused == "" && len(c.open) >= maxConns:
		v.refused = "there are too many clusters already"
	}
	if v.refused != "" {
		c.warn(v)
		return c.cfg.Home, nil
	}
	conn, err := c.cfg.Dial(v.to, v.plaintext)
	if err != nil {
		return nil, err
	}
	c.open[key] = conn
	c.cfg.Logger.Debug("calls go to a cluster of the backend", "cluster", key)
	return conn, nil
}

// warn warns of each address once. The caller holds the lock.
func (c *conns) warn(v verdict) {
	address := v.to.String() // not what the backend wrote, in which there may be a password
	if c.warned[address] || len(c.warned) >= maxConns {
		return
	}
	c.warned[address] = true
	c.cfg.Logger.Warn("the backend names a cluster that calls are not sent to; the backend itself is called instead (once)",
		"cluster", address, "reason", v.refused)
}
