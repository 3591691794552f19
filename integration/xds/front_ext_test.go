package xds_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
)

// front stands before one backend, and refuses tokens that the others accept, as a backend
// does that is told of a revocation before them.
type front struct {
	address string
	next    http.Handler

	mu      sync.Mutex
	seen    string // the last token that was not refused
	refused map[string]bool
	all     bool
}

// newFront starts a front without TLS.
func newFront(tb testing.TB, backend *mockserver.Server) *front {
	tb.Helper()
	both := &http.Protocols{}
	both.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: both}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend.Endpoint()})
	proxy.Transport, proxy.FlushInterval = transport, -1
	f := &front{next: proxy, refused: map[string]bool{}}
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	f.address = l.Addr().String()
	server := &http.Server{Handler: f, Protocols: both}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // Shutdown ends it
	tb.Cleanup(func() {
		_ = server.Shutdown(context.WithoutCancel(tb.Context()))
		serving.Wait()
		transport.CloseIdleConnections()
	})
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.refuses(r.Header.Get("Authorization")) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", "16")
		w.Header().Set("Grpc-Message", "this token was revoked")
		return
	}
	f.next.ServeHTTP(w, r)
}

func (f *front) refuses(token string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token == "" {
		return false
	}
	if f.all || f.refused[token] {
		return true
	}
	f.seen = token
	return false
}

// revoke waits for calls with a token that is not refused, and refuses it from now on.
func (f *front) revoke(tb testing.TB, l *load) {
	tb.Helper()
	l.until(tb, "the backend gets a token", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.seen == "" {
			return false
		}
		f.refused[f.seen], f.seen = true, ""
		return true
	})
}

// refuseAll refuses every token from now on.
func (f *front) refuseAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = true
}
