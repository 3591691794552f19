package clientset

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/jetway-go/jetway/internal/advice"
)

// handshakes holds the error of the latest TLS handshake if repeating it cannot
// help. A call only gets the text of that error, as Unavailable. The zero value
// holds none.
type handshakes struct{ last atomic.Pointer[error] }

func (h *handshakes) note(err error) {
	if advice.IsPermanent(err) {
		h.last.Store(&err)
		return
	}
	h.last.Store(nil)
}

// failure returns nil if the latest handshake succeeded, or may succeed next time.
func (h *handshakes) failure() error {
	if err := h.last.Load(); err != nil {
		return *err
	}
	return nil
}

// watch returns transport credentials that note how their handshakes end.
func (h *handshakes) watch(c credentials.TransportCredentials) credentials.TransportCredentials {
	return &watchedCredentials{c, h}
}

type watchedCredentials struct {
	credentials.TransportCredentials

	seen *handshakes
}

func (c *watchedCredentials) ClientHandshake(
	ctx context.Context, authority string, raw net.Conn,
) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		c.seen.note(err)
		return nil, nil, err
	}
	return &watchedConn{Conn: conn, seen: c.seen}, info, nil
}

func (c *watchedCredentials) Clone() credentials.TransportCredentials {
	return &watchedCredentials{c.TransportCredentials.Clone(), c.seen}
}

// watchedConn notes how the first read ends: in TLS 1.3 a server checks the client's
// certificate after the client's own handshake has succeeded (RFC 8446 §4.4.2.4).
type watchedConn struct {
	net.Conn

	seen     *handshakes
	accepted atomic.Bool // the server has sent something
}

func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.accepted.Load() {
		c.seen.note(err)
		c.accepted.Store(err == nil)
	}
	return n, err
}

// alertLimit bounds the wait for an alert after a failed write.
const alertLimit = time.Second

// Write fails with the server's alert if that came before the server closed the
// connection: gRPC reports whichever of its reads and writes fails first.
func (c *watchedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err == nil || c.accepted.Load() {
		return n, err
	}
	_ = c.Conn.SetReadDeadline(time.Now().Add(alertLimit))
	if _, alert := c.Conn.Read(make([]byte, 1)); advice.IsPermanent(alert) {
		c.seen.note(alert)
		return n, alert
	}
	return n, err
}
