package transfer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/peer"
)

const (
	// maxRedirects is how many redirects of a download are followed.
	maxRedirects = 5
	// drainLimit is how long the end of an answer that is of no use is waited for.
	drainLimit = time.Second
	// maxHeader is how long the headers of an answer may be.
	maxHeader = 256 << 10
)

// storage is the HTTP side of one call. Close it at the end of the call.
type storage struct {
	hc    http.Client
	clock clock.Clock
	stall time.Duration // see WithStallLimit
	close func()
}

func (c *Client) storage() *storage {
	s := &storage{clock: c.clock, stall: c.cfg.stall, close: func() {}}
	if c.cfg.hc != nil {
		s.hc = *c.cfg.hc
	} else {
		t := peer.Transport()
		// HTTP/2 would put parallel transfers on one connection, and cost more per byte.
		t.ForceAttemptHTTP2, t.Protocols = false, new(http.Protocols)
		t.Protocols.SetHTTP1(true)
		t.MaxIdleConnsPerHost = c.cfg.concurrency
		t.DisableCompression = true // content is taken as it is stored
		t.MaxResponseHeaderBytes = maxHeader
		peer.SecureProxies(t)
		s.hc.Transport, s.close = t, t.CloseIdleConnections
	}
	s.hc.Jar, s.hc.CheckRedirect = nil, redirect
	return s
}

// redirect follows only what cannot turn a PUT into a GET, leave TLS, or tell another host
// the signed URL.
func redirect(next *http.Request, before []*http.Request) error {
	last := before[len(before)-1]
	switch {
	case before[0].Method != http.MethodGet && before[0].Method != http.MethodHead,
		next.Method != before[0].Method,
		len(before) > maxRedirects,
		last.URL.Scheme == "https" && next.URL.Scheme != "https":
		return http.ErrUseLastResponse
	}
	next.Header.Del("Referer") // which would be the signed URL
	return nil
}

// exchange makes one request at a signed URL, which prepare completes; may be nil. It
// returns an answer of success, whose body the caller closes. Any other answer is a
// [*StatusError], and none a *networkError. Progress is that of what is sent; may be nil.
func (s *storage) exchange(
	ctx context.Context, method string, at *signed, progress sending, prepare func(*http.Request),
) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	r := (&http.Request{
		Method: method, URL: at.url, Host: at.url.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	for name, value := range at.header {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			cancel(nil)
			return nil, fmt.Errorf("the backend gave a header for the storage host that no request can have: %q",
				fault.Foreign(name, fault.MaxForeign))
		}
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding": // those of the body are sent
		case "host":
			r.Host = value
		default:
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	if prepare != nil {
		prepare(r)
	}
	answered := watchSending(s.stall, progress, cancel)
	res, err := s.hc.Do(r)
	answered()
	if err != nil {
		err = stalled(ctx, err)
		cancel(nil)
		return nil, unanswered(method, at.url, err)
	}
	stop := func() { cancel(nil) }
	if res.StatusCode == http.StatusSwitchingProtocols { // its body is the connection, which no context ends
		_ = res.Body.Close()
		res.Body = http.NoBody
	}
	res.Body = &closing{res.Body, stop}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer finish(res)
	defer time.AfterFunc(stallLimit, stop).Stop()
	return nil, refusal(res, at.url, s.clock.Read().Reached(at.end))
}

// closing is the body of an answer. A read of it ends when cancel is called.
type closing struct {
	io.ReadCloser

	cancel func()
}

func (c *closing) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

// finish closes an answer of exchange that the caller is done with, and keeps its connection
// if little of it is unread.
func finish(res *http.Response) {
	if c, ok := res.Body.(*closing); ok {
		defer time.AfterFunc(drainLimit, c.cancel).Stop()
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxRefusal)
	_ = res.Body.Close()
}
