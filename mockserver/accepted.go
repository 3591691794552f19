package mockserver

import (
	"net"
	"sync"
)

// accepted are the connections that a listener has taken. gRPC waits two minutes
// for the first word on each of them, and its Stop waits with it.
type accepted struct {
	mu    sync.Mutex
	open  map[*acceptedConn]struct{}
	ended bool
}

type acceptedConn struct {
	net.Conn

	all *accepted
}

// add takes c, or hangs up at once when that is all that is done any more.
func (a *accepted) add(c net.Conn) net.Conn {
	conn := &acceptedConn{Conn: c, all: a}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		_ = c.Close() // whoever reads from it will see
		return conn
	}
	if a.open == nil {
		a.open = map[*acceptedConn]struct{}{}
	}
	a.open[conn] = struct{}{}
	return conn
}

// hangUp closes all of them, and those to come.
func (a *accepted) hangUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	for c := range a.open {
		_ = c.Conn.Close() // there is nothing to do about one that will not close
	}
	a.open = nil
}

// Close forgets the connection, too.
func (c *acceptedConn) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}
