// Package peer makes connections that end when the other end is gone.
//
// A machine that loses power or its network says no farewell: TCP repeats what was sent
// for a quarter of an hour, and an idle connection looks alive for ever. A [Dialer] limits
// how long sent data may stay unacknowledged and has idle connections probed; [Transport]
// adds HTTP/2 pings to that, and the proxies of the environment. [Client] completes a
// client that the caller may not have been given.
package peer

import (
	"context"
	"net"
	"strings"
	"syscall"
	"time"
)

// DefaultLimit is how long sent data may stay unacknowledged.
const DefaultLimit = 20 * time.Second

const (
	// another is the time after which a second attempt to connect begins beside the first.
	another = 2 * time.Second
	// The system probes a connection that is idle for probeAfter, and ends it when
	// probes of about DefaultLimit in all had no answer.
	probeAfter = 15 * time.Second
	probeEvery = 5 * time.Second
	probes     = 4
)

// Dialer dials like a net.Dialer. Make one with [NewDialer]; it is safe for concurrent
// use.
type Dialer struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error) // once
}

// NewDialer returns a dialer whose TCP connections end when data that was sent is not
// acknowledged for limit, and when an idle peer leaves probes unanswered. With zero or
// less the system decides: in a quarter of an hour in most cases.
//
// The limit is Linux's TCP_USER_TIMEOUT, TCP_RXT_CONNDROPTIME on macOS and TCP_MAXRT on
// Windows, both in whole seconds. Other systems have none of these; there only the probes
// end a connection, and only while nothing is waiting to be acknowledged.
func NewDialer(limit time.Duration) *Dialer { return &Dialer{netDialer(limit).DialContext} }

func netDialer(limit time.Duration) *net.Dialer {
	if limit <= 0 {
		return &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}} // the system's own
	}
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: probeAfter, Interval: probeEvery, Count: probes},
		Control: func(network, _ string, c syscall.RawConn) error {
			if !strings.HasPrefix(network, "tcp") {
				return nil
			}
			// A system that does not know the option keeps its own limit.
			return c.Control(func(fd uintptr) { limitUnacknowledged(fd, limit) })
		},
	}
}

type dialled struct {
	conn net.Conn
	err  error
}

// DialContext connects to address. While it has no answer, another attempt begins every
// two seconds: the system repeats one more and more rarely, and would find out late that
// the network is back. The first to end counts.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first, over := make(chan dialled), make(chan struct{})
	defer close(over)
	attempt := func() {
		conn, err := d.dial(ctx, network, address)
		select {
		case first <- dialled{conn, err}:
		case <-over:
			if err == nil {
				_ = conn.Close()
			}
		}
	}
	again := time.NewTicker(another)
	defer again.Stop()
	go attempt()
	for {
		select {
		case r := <-first:
			return r.conn, r.err
		case <-again.C:
			go attempt()
		}
	}
}
