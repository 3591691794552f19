package clientset

import (
	"context"
	"io"
	"net"
	"sync"
)

// conns are the open connections of a transport, so that all can be closed at once: those
// of requests under way, and those that were handed over to the program after an upgrade.
type conns struct {
	ctx    context.Context //nolint:containedctx // ends with the ClientSet
	cancel context.CancelFunc

	mu   sync.Mutex
	open map[*tracedConn]struct{}
}

func newConns() *conns {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // belongs to no call; closeAll ends it
	return &conns{ctx: ctx, cancel: cancel, open: map[*tracedConn]struct{}{}}
}

type dialContext = func(ctx context.Context, network, address string) (net.Conn, error)

// dialing returns a dialer whose connections are in c; nil means net's own.
func (c *conns) dialing(dial dialContext) dialContext {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.ctx, cancel)()
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return c.add(conn)
	}
}

func (c *conns) add(conn net.Conn) (net.Conn, error) {
	traced := &tracedConn{Conn: conn, all: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	c.open[traced] = struct{}{}
	return traced, nil
}

// closeAll closes all connections, and later ones as they come.
func (c *conns) closeAll() {
	c.mu.Lock()
	c.cancel()
	var all []*tracedConn
	for conn := range c.open {
		all = append(all, conn)
	}
	c.mu.Unlock()
	for _, conn := range all {
		_ = conn.Close() // those who use it get the error
	}
}

// tracedConn is a connection that is known until it is closed.
type tracedConn struct {
	net.Conn

	all *conns

	mu     sync.Mutex
	closed bool
	ended  func() // nil: no one waits for it
}

// ReadFrom keeps the operating system's way of sending a file.
func (c *tracedConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

func (c *tracedConn) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	c.mu.Lock()
	ended := c.ended
	c.closed, c.ended = true, nil
	c.mu.Unlock()
	err := c.Conn.Close()
	if ended != nil {
		ended()
	}
	return err
}

// whenClosed has f called when the connection is closed, at once if it is already.
func (c *tracedConn) whenClosed(f func()) {
	c.mu.Lock()
	if !c.closed {
		c.ended, f = f, func() {}
	}
	c.mu.Unlock()
	f()
}
