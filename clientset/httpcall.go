package clientset

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"

	"github.com/jetway-go/jetway/internal/peer"
)

// RoundTrip sends a request, which is under way until its answer has been read to the end
// or closed, or the upgraded connection has been closed.
func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	if !w.set.gate.enter() {
		return refusing{w.set.fail(opCall, ErrClosed)}.RoundTrip(r)
	}
	sent, conn, end, forget := r, (*usedConn)(nil), func() {}, func() bool { return true }
	if r.Header.Get("Upgrade") != "" && !w.untraced {
		conn = &usedConn{}
		sent = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: conn.got}))
	}
	if w.untraced {
		sent, end, forget = w.ending(r)
	}
	answer, err := w.next.RoundTrip(sent)
	answer, err = peer.Unasked(r, answer, err)
	if err != nil {
		end()
		w.set.gate.leave()
		return nil, w.explain(r.Context(), err)
	}
	answer.Request = r
	switch {
	case answer.StatusCode == http.StatusSwitchingProtocols: // its body must stay what it is
		forget()
		if conn == nil || !conn.whenClosed(w.set.gate.leave) {
			w.set.gate.leave()
		}
	case answer.Body == http.NoBody:
		end()
		w.set.gate.leave()
	default:
		answer.Body = &answerBody{ReadCloser: answer.Body, web: w, ctx: r.Context(), end: end}
	}
	return answer, nil
}

// CloseIdleConnections closes those of the transport below, for
// http.Client.CloseIdleConnections.
func (w *web) CloseIdleConnections() { w.next.CloseIdleConnections() }

// ending returns r with a context that Close ends, for transports whose connections are
// not known here.
func (w *web) ending(r *http.Request) (sent *http.Request, end func(), forget func() bool) {
	ctx, cancel := context.WithCancel(r.Context())
	forget = context.AfterFunc(w.conns.ctx, cancel)
	return r.WithContext(ctx), func() { forget(); cancel() }, forget
}

// explain says of an error that Close caused it.
func (w *web) explain(ctx context.Context, err error) error {
	if w.set.isClosed() && ctx.Err() == nil {
		return w.set.fail(opCall, ErrClosed)
	}
	return err
}

// answerBody is the body of an answer, whose end is that of the call.
type answerBody struct {
	io.ReadCloser

	web  *web
	ctx  context.Context //nolint:containedctx // that of the request, which the body lives in
	end  func()
	left atomic.Bool
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.leave()
		if err != io.EOF { //nolint:errorlint // io.Reader promises the very value
			err = b.web.explain(b.ctx, err)
		}
	}
	return n, err
}

func (b *answerBody) Close() error {
	defer b.leave()
	return b.ReadCloser.Close()
}

func (b *answerBody) leave() {
	if !b.left.Swap(true) {
		b.end()
		b.web.set.gate.leave()
	}
}

// usedConn is the connection of the last attempt of a request.
type usedConn struct {
	mu   sync.Mutex
	conn *tracedConn
}

func (u *usedConn) got(info httptrace.GotConnInfo) {
	conn := info.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.conn, _ = conn.(*tracedConn)
}

// whenClosed has f called when the connection is closed. It returns false if the connection
// is not known.
func (u *usedConn) whenClosed(f func()) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.conn == nil {
		return false
	}
	u.conn.whenClosed(f)
	return true
}
