package front

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// origin is what the context of a translated call tells about the request.
type origin struct {
	protocol Protocol
	body     *originalBody
}

type originKey struct{}

// withOrigin returns the request with an origin in its context.
func withOrigin(w http.ResponseWriter, r *http.Request, p Protocol) *http.Request {
	body := &originalBody{ReadCloser: r.Body, w: w, http1: r.ProtoMajor < 2}
	r = r.WithContext(context.WithValue(r.Context(), originKey{}, origin{p, body}))
	r.Body = body
	return r
}

// ProtocolFromContext returns how the call that a handler or an interceptor serves came:
// [GRPC], unless it came through a [Handler] by another protocol.
func ProtocolFromContext(ctx context.Context) Protocol {
	return originOf(ctx).protocol
}

// originOf returns the origin of a call; without one it is gRPC's.
func originOf(ctx context.Context) origin {
	if o, ok := ctx.Value(originKey{}).(origin); ok {
		return o
	}
	return origin{protocol: GRPC}
}

// originalBody is the body of a request as the client sends it.
type originalBody struct {
	io.ReadCloser

	w     http.ResponseWriter
	http1 bool
	ended atomic.Bool
}

// Read notes the end.
func (b *originalBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended.Store(true)
	}
	return n, err
}

// lingering is how long a client of HTTP/1.1 may go on sending after its call has ended: many
// do not read an answer before they have sent all.
const lingering = 200 * time.Millisecond

// interrupt makes a Read fail that waits for the client. In HTTP/1.1 closing the body would
// wait, too; the deadline costs the connection, which cannot be used again anyway.
func (b *originalBody) interrupt() {
	switch {
	case b.ended.Load():
	case b.http1:
		_ = http.NewResponseController(b.w).SetReadDeadline(time.Now().Add(lingering)) // net/http's own writers can
	default:
		_ = b.ReadCloser.Close() // the error is for readers
	}
}
