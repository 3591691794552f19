package kernel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/jetway-go/jetway/internal/fault"
)

const (
	// closeLimit is how long Close waits for the other end's farewell.
	closeLimit = 2 * time.Second
	// interruptLimit is how long an interrupt may take.
	interruptLimit = 30 * time.Second
)

// Conn is a connection to one kernel. It reads all the time, so that the server's pings are
// answered, until [Conn.Close] or an error that ends it. It is safe for concurrent use;
// runs take turns.
type Conn struct {
	ws      *websocket.Conn
	codec   codec
	cfg     config
	secrets *fault.Secrets

	running  chan struct{} // holds the Run whose turn it is
	greeted  bool          // the kernel has answered; that Run's alone
	received atomic.Int64  // bytes
	cut      context.CancelFunc
	work     sync.WaitGroup

	mu     sync.Mutex
	turn   *turn         // that the kernel is not done with; its Run may have returned
	before *turn         // whose Run returned before the kernel was done; nil if none did, or all of it has ended
	err    *Error        // why the connection is over; nil while it is not
	done   chan struct{} // closed when it is over
}

// start reads, and pings, until the connection is over.
func (c *Conn) start(ctx context.Context) {
	ctx, c.cut = context.WithCancel(context.WithoutCancel(ctx))
	c.work.Go(func() { c.read(ctx) })
	if c.cfg.keepAlive > 0 {
		c.work.Go(func() { c.ping(ctx) })
	}
}

// Close ends the connection: a Run that is under way returns [ErrClosed], and its code
// continues in the kernel. It waits for the other end's farewell, two seconds at most, and
// for the goroutines of the connection. It returns nil, also when called again.
func (c *Conn) Close() error {
	c.finish(&Error{Kind: ErrClosed, Detail: "this side has closed it"})
	stop := time.AfterFunc(closeLimit, c.cut)
	defer stop.Stop()
	_ = c.ws.Close(websocket.StatusNormalClosure, "") // the other end may be gone already
	c.cut()
	c.work.Wait()
	return nil
}

// Done returns a channel that is closed when the connection is over: by Close, by the other
// end, or with the kernel. Every Run then returns why.
func (c *Conn) Done() <-chan struct{} { return c.done }

// finish ends the connection for err, if it has not ended yet.
func (c *Conn) finish(err *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.done)
	}
	if t := c.turn; t != nil {
		t.err = cmp.Or(t.err, err)
		c.turn = nil
		close(t.over)
	}
}

// read reads until the connection ends.
func (c *Conn) read(ctx context.Context) {
	defer c.ws.CloseNow() //nolint:errcheck // it is over, with or without a farewell
	for {
		t, r, err := c.ws.Reader(ctx)
		var frame []byte
		if err == nil {
			frame, err = io.ReadAll(&counted{r, &c.received})
		}
		if err != nil {
			c.finish(c.closedBy(err))
			return
		}
		m, err := c.codec.decode(t, frame)
		if err == nil {
			err = c.route(m)
		}
		if err != nil {
			c.finish(&Error{Kind: ErrProtocol, Detail: c.secrets.Text(err.Error(), fault.MaxForeign)})
		}
		select {
		case <-c.done:
			return
		default:
		}
	}
}

// closedBy returns the error of a connection that the other end, or the network, has ended.
func (c *Conn) closedBy(err error) *Error {
	if errors.Is(err, websocket.ErrMessageTooBig) {
		const text = "a message had more than %d bytes, and ended the connection; raise the limit with WithMaxMessage, or print less at once"
		return &Error{Kind: ErrTooLarge, Detail: fmt.Sprintf(text, c.cfg.maxMessage)}
	}
	if ended, ok := errors.AsType[websocket.CloseError](err); ok {
		return &Error{Kind: ErrClosed, CloseCode: int(ended.Code), Detail: c.secrets.Text(ended.Reason, fault.MaxForeign)}
	}
	return &Error{Kind: ErrClosed, Detail: "it broke", Err: scrub(err, c.secrets)}
}

// route gives a message to the turn that it is about.
func (c *Conn) route(m message) error {
	if why := m.death(); why != "" {
		c.finish(&Error{Kind: ErrKernelDied, Detail: why})
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.turn
	if t == nil || m.parent != t.id {
		return nil
	}
	err := t.take(m)
	if t.isOver() {
		c.turn = nil
		close(t.over)
	}
	t.signal()
	return err
}

// ping keeps the connection busy while nothing is sent, and notices that the other end is
// gone. A large message on its way delays the answer, so anything that arrives counts.
func (c *Conn) ping(ctx context.Context) {
	tick := time.NewTicker(c.cfg.keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
		before := c.received.Load()
		answered, cancel := context.WithTimeout(ctx, c.cfg.keepAlive)
		err := c.ws.Ping(answered)
		cancel()
		if err != nil && c.received.Load() == before {
			c.finish(&Error{Kind: ErrClosed, Detail: fmt.Sprintf("the other end has not answered a ping for %v", c.cfg.keepAlive)})
			c.cut()
			return
		}
	}
}

// counted counts the bytes that are read.
type counted struct {
	io.Reader

	n *atomic.Int64
}

func (r *counted) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n.Add(int64(n))
	return n, err
}
