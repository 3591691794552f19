package listen

import (
	"net"
	"sync"
)

// accepted holds the connections that a [Listener] has accepted. gRPC waits up to two
// minutes for the first bytes on each, and its Stop waits as long.
type accepted struct {
	mu    sync.Mutex
	open  map[*acceptedConn]struct{}
	ended bool
}

type acceptedConn struct {
	net.Conn

	all *accepted
}

// add keeps c, or closes it at once after [accepted.hangUp].
func (a *accepted) add(c net.Conn) net.Conn {
	conn := &acceptedConn{Conn: c, all: a}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		_ = c.Close() // its reader gets the error
		return conn
	}
	if a.open == nil {
		a.open = map[*acceptedConn]struct{}{}
	}
	a.open[conn] = struct{}{}
	return conn
}

// hangUp closes all connections, and later ones as they come.
func (a *accepted) hangUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	for c := range a.open {
		_ = c.Conn.Close() // an error here changes nothing: the server is closing
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
