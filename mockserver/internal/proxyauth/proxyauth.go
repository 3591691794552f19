// Package proxyauth is the part of a proxy in front of the mock that demands a token of its
// own, in calls and in HTTP requests.
//
// Use a [Guard].
package proxyauth

import (
	"context"
	"crypto/subtle"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Header carries the token in HTTP, and Key in gRPC.
const (
	Header = "Proxy-Authorization"
	Key    = "proxy-authorization"
)

// The proxy's answer to requests without its token.
const (
	pageType = "text/html; charset=utf-8"
	page     = "<html><body>Proxy Authentication Required</body></html>"
)

// Guard stands in front of both sides of the server. The zero value admits every request. It
// is safe for concurrent use.
type Guard struct {
	mu    sync.Mutex
	token string
	old   []string // no longer accepted, still secret
	all   []string // made by Secrets, for the next time
}

// Set changes the token that is demanded from now on; empty demands none.
func (g *Guard) Set(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.old = append(g.old, g.token)
	g.token, g.all = token, nil
}

// Secrets returns all tokens so far and others, which it calls when that is not known
// from the last time.
func (g *Guard) Secrets(others func() []string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all == nil {
		g.all = append(append(slices.Clone(g.old), g.token), others()...)
	}
	return g.all
}

// Admits reports whether these values of proxy-authorization are the one token.
func (g *Guard) Admits(values []string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token == "" {
		return true
	}
	if len(values) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) == 1
}

// absent reports whether there is no proxy.
func (g *Guard) absent() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.token == ""
}

// Refuse answers a request without the token.
func Refuse(w http.ResponseWriter) {
	w.Header().Set("Proxy-Authenticate", `Bearer realm="proxy"`)
	w.Header().Set("Content-Type", pageType)
	w.WriteHeader(http.StatusProxyAuthRequired)
	_, _ = io.WriteString(w, page) // fails only when the client has gone
}

// check returns the error that a gRPC client makes of HTTP 407.
func (g *Guard) check(ctx context.Context) error {
	if g.absent() || g.Admits(metadata.ValueFromIncomingContext(ctx, Key)) {
		return nil
	}
	return status.Error(codes.Unknown, "unexpected HTTP status code received from server: 407 (Proxy Authentication Required); "+
		`transport: received unexpected content-type "`+pageType+`"`+"\n"+`data: "`+page+`"`)
}

// Unary refuses calls without the token, with the status that a client makes of [Refuse].
func (g *Guard) Unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := g.check(ctx); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

// Stream is Unary for streams.
func (g *Guard) Stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := g.check(ss.Context()); err != nil {
		return err
	}
	return next(srv, ss)
}
