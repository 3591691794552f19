package transfer_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver/objectstore"
	"github.com/jetway-go/jetway/transfer"
)

// key is the object's.
const key = "r/content.bin"

// host is an object store that fails when it has moved some bytes. Connections to it that are
// made before that lead through a proxy, which can harm them. It is also the backend that
// signs its URLs.
type host struct {
	transfer.DataProxy

	store  *objectstore.Store
	proxy  *toxiproxy.Proxy
	direct string       // its address behind the proxy
	other  []byte       // what the object may be replaced with
	late   atomic.Int64 // how far the store's clock is ahead

	mu       sync.Mutex
	left     int64 // bytes until it fails
	read     int64
	fail     func() // what it then does; nil once it has
	busy     int    // how many more requests are to come later
	requests int
	broken   error         // the proxy's
	harmed   chan struct{} // closed when the proxy harms connections; nil while it need not
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{}
	h.store = objectstore.New(objectstore.Config{
		BaseURL: "http://store.test", Now: func() time.Time { return time.Now().Add(time.Duration(h.late.Load())) },
	})
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.direct = srv.Listener.Addr().String()
	h.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), key, "127.0.0.1:0", h.direct)
	if err := h.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.proxy.Stop)
	return h
}

// client returns one whose connections lead to the host.
func (h *host) client(t *testing.T) *transfer.Client {
	t.Helper()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			address := h.proxy.Listen
			if _, failed := h.state(); failed {
				address = h.direct
			}
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &paced{Conn: conn, h: h}, nil
		},
		ExpectContinueTimeout: time.Second, MaxIdleConnsPerHost: 4,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transfer.New(h, transfer.WithHTTPClient(&http.Client{Transport: transport}))
}

// toxic has the proxy harm all its connections in one direction. They need not be read from
// meanwhile, so the proxy must not be waited for.
func (h *host) toxic(kind, direction, attributes string) {
	text := fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": {%s}}`, kind, direction, attributes)
	harmed := make(chan struct{})
	h.mu.Lock()
	h.harmed = harmed
	h.mu.Unlock()
	go func() {
		defer close(harmed)
		if _, err := h.proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.broken = err
		}
	}()
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.requests++
	busy := h.busy > 0
	if busy {
		h.busy--
	}
	h.mu.Unlock()
	if busy {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodPut {
		r.Body = counted{r.Body, h}
	} else {
		w = counting{w, h}
	}
	h.store.ServeHTTP(w, r)
}

// moved counts bytes, and fails when it is time. From then until the proxy harms the
// connections bytes move slowly, so that they are not all gone by then.
func (h *host) moved(n int) {
	h.mu.Lock()
	h.left -= int64(n)
	var fail func()
	if h.left < 0 {
		fail, h.fail = h.fail, nil
	}
	h.mu.Unlock()
	if fail != nil {
		fail()
	}
	h.mu.Lock()
	harmed := h.harmed
	h.mu.Unlock()
	if harmed != nil {
		select {
		case <-harmed:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// paced is a connection of a client, which sends little more than the host has read: what the
// proxy has passed on already it cannot harm, and buffers hold all of a small upload.
type paced struct {
	net.Conn

	h    *host
	sent int64
}

func (c *paced) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		for c.h.isBehind(c.sent) {
			time.Sleep(time.Millisecond)
		}
		var m int
		m, err = c.Conn.Write(p[n:min(len(p), n+16<<10)])
		n += m
		c.sent += int64(m)
	}
	return n, err
}

// isBehind reports whether the host has yet to read much of what was sent to it, or to harm
// its connections.
func (h *host) isBehind(sent int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.harmed != nil {
		select {
		case <-h.harmed:
			return false
		default:
			return true
		}
	}
	return h.fail != nil && sent-h.read > 64<<10
}

// state returns how many requests came, and whether the host has failed.
func (h *host) state() (requests int, failed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests, h.fail == nil
}

// fault returns the error of the proxy.
func (h *host) fault() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.broken
}

type counted struct {
	io.ReadCloser

	h *host
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p[:min(len(p), 16<<10)])
	c.h.mu.Lock()
	c.h.read += int64(n)
	c.h.mu.Unlock()
	c.h.moved(n)
	return n, err
}

type counting struct {
	http.ResponseWriter

	h *host
}

func (c counting) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = c.ResponseWriter.Write(p[n:min(len(p), n+16<<10)])
		n += m
		c.h.moved(m)
	}
	return n, err
}

// CreateUploadLocation signs a URL.
func (h *host) CreateUploadLocation(
	context.Context, *dataproxypb.CreateUploadLocationRequest, ...grpc.CallOption,
) (*dataproxypb.CreateUploadLocationResponse, error) {
	url, err := h.store.SignPut(key, time.Minute, nil)
	return &dataproxypb.CreateUploadLocationResponse{SignedUrl: url, NativeUrl: h.store.NativeURL(key)}, err
}

// CreateDownloadLink signs a URL.
func (h *host) CreateDownloadLink(
	context.Context, *dataproxypb.CreateDownloadLinkRequest, ...grpc.CallOption,
) (*dataproxypb.CreateDownloadLinkResponse, error) {
	url, err := h.store.SignGet(key, time.Minute)
	return &dataproxypb.CreateDownloadLinkResponse{PreSignedUrls: &dataproxypb.PreSignedURLs{SignedUrl: []string{url}}}, err
}
