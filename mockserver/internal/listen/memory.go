package listen

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// memoryListener is a net.Listener that only its own dial reaches. Its
// connections honour deadlines as net.Conn documents, which TLS and net/http rely on,
// and every wait is one that testing/synctest recognises as durably blocked.
type memoryListener struct {
	incoming chan net.Conn
	done     chan struct{}
	once     sync.Once
}

func inMemory() *memoryListener {
	return &memoryListener{incoming: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr{} }

func (l *memoryListener) dial(ctx context.Context) (net.Conn, error) {
	there, back := newMemoryPipe(), newMemoryPipe()
	select {
	case l.incoming <- &memoryConn{in: there, out: back}:
		return &memoryConn{in: back, out: there}, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Net: Memory, Addr: memoryAddr{}, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memoryAddr struct{}

func (memoryAddr) Network() string { return Memory }
func (memoryAddr) String() string  { return Memory }

// memoryConn is one end of a connection: it reads one pipe and writes the other.
type memoryConn struct{ in, out *memoryPipe }

func (c *memoryConn) Read(b []byte) (int, error)  { return c.in.read(b) }
func (c *memoryConn) Write(b []byte) (int, error) { return c.out.write(b) }

// Close ends both directions; what was written before can still be read there.
func (c *memoryConn) Close() error {
	c.in.update(func(p *memoryPipe) { p.readerGone = true; p.buffered = nil })
	c.out.update(func(p *memoryPipe) { p.writerGone = true })
	return nil
}

func (c *memoryConn) LocalAddr() net.Addr  { return memoryAddr{} }
func (c *memoryConn) RemoteAddr() net.Addr { return memoryAddr{} }

func (c *memoryConn) SetDeadline(t time.Time) error {
	c.in.update(func(p *memoryPipe) { p.reading.set(p, t) })
	c.out.update(func(p *memoryPipe) { p.writing.set(p, t) })
	return nil
}

func (c *memoryConn) SetReadDeadline(t time.Time) error {
	c.in.update(func(p *memoryPipe) { p.reading.set(p, t) })
	return nil
}

func (c *memoryConn) SetWriteDeadline(t time.Time) error {
	c.out.update(func(p *memoryPipe) { p.writing.set(p, t) })
	return nil
}

// memoryPipe is one direction: bytes with room for some more.
type memoryPipe struct {
	mu      sync.Mutex // guards everything below
	changed *sync.Cond

	buffered               []byte
	reading, writing       deadline
	readerGone, writerGone bool
}

const memoryPipeRoom = 256 << 10

func newMemoryPipe() *memoryPipe {
	p := &memoryPipe{}
	p.changed = sync.NewCond(&p.mu)
	return p
}

func (p *memoryPipe) update(change func(*memoryPipe)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
	p.changed.Broadcast()
}

func (p *memoryPipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.readerGone:
			return 0, net.ErrClosed
		case p.reading.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p.buffered) > 0:
			n := copy(b, p.buffered)
			p.buffered = p.buffered[n:]
			p.changed.Broadcast()
			return n, nil
		case p.writerGone:
			return 0, io.EOF
		}
		p.changed.Wait()
	}
}

func (p *memoryPipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	written := 0
	for {
		switch {
		case p.writerGone:
			return written, net.ErrClosed
		case p.readerGone:
			return written, io.ErrClosedPipe
		case p.writing.passed():
			return written, os.ErrDeadlineExceeded
		case len(b) == 0:
			return written, nil
		}
		if n := min(len(b), memoryPipeRoom-len(p.buffered)); n > 0 {
			p.buffered = append(p.buffered, b[:n]...)
			b, written = b[n:], written+n
			p.changed.Broadcast()
			continue
		}
		p.changed.Wait()
	}
}

// deadline wakes the waiters of a pipe when its time comes. A waiter checks the
// clock again, so that a timer which fires late does no harm.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// set needs p.mu held.
func (d *deadline) set(p *memoryPipe, at time.Time) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = at
	if left := time.Until(at); !at.IsZero() && left > 0 {
		d.timer = time.AfterFunc(left, func() { p.update(func(*memoryPipe) {}) })
	}
}
