package kernel_test

import (
	"context"
	"net"
	"sync"
)

// line is a network in memory, which a synctest bubble can wait for. As a real one it has
// buffers: both ends may write at the same time, 64 KiB each.
type line struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once

	mu   sync.Mutex
	ends []net.Conn
}

func (l *line) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, near := net.Pipe()
	far, server := net.Pipe()
	l.mu.Lock()
	l.ends = append(l.ends, near, far)
	l.mu.Unlock()
	go carry(near, far)
	go carry(far, near)
	select {
	case l.conns <- server:
		return client, nil
	case <-ctx.Done():
		near.Close()
		far.Close()
		return nil, ctx.Err()
	}
}

// carry carries bytes until one side is closed; what has been sent still arrives.
func carry(from, to net.Conn) {
	const pieces, size = 16, 4 << 10
	buffer := make(chan []byte, pieces)
	go func() {
		defer close(buffer)
		for {
			piece := make([]byte, size)
			n, err := from.Read(piece)
			if err != nil {
				return
			}
			buffer <- piece[:n]
		}
	}()
	defer to.Close()
	for piece := range buffer {
		if _, err := to.Write(piece); err != nil {
			from.Close()
			for range buffer { // until the other goroutine ends
			}
		}
	}
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.ends {
		c.Close()
	}
}

func (l *line) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *line) Close() error { l.once.Do(func() { close(l.done) }); return nil }

func (l *line) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }
