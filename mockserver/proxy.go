package mockserver

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

// The same header in HTTP and in gRPC.
const (
	proxyHeader = "Proxy-Authorization"
	proxyKey    = "proxy-authorization"
)

// The proxy's answer to requests without its token.
const (
	pageType  = "text/html; charset=utf-8"
	proxyPage = "<html><body>Proxy Authentication Required</body></html>"
)

// proxy stands in front of both sides and demands a token of its own. The zero value
// admits every request.
type proxy struct {
	mu    sync.Mutex
	token string
	old   []string // no longer accepted, still secret
	all   []string // made by secrets, for the next time
}

// WithProxyAuth acts as a proxy that demands "proxy-authorization: Bearer token" of
// calls and of HTTP requests, except signed storage URLs and the pages that users open
// in a browser. Requests without it get HTTP 407; a server without [WithHTTPFront]
// cannot send that to calls, and ends them with the status that a gRPC client makes
// of it. [Script.SetProxyToken] changes the token. An empty token, the default, means
// that there is no proxy.
func WithProxyAuth(token string) Option {
	return optionFunc(func(c *config) { c.proxyToken = token })
}

func (p *proxy) set(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.old = append(p.old, p.token)
	p.token, p.all = token, nil
}

// secrets returns all tokens so far and others, which is called when that is not known
// from the last time.
func (p *proxy) secrets(others func() []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = append(append(slices.Clone(p.old), p.token), others()...)
	}
	return p.all
}

// admits reports whether these values of proxy-authorization are the one token.
func (p *proxy) admits(values []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token == "" {
		return true
	}
	if len(values) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(token), []byte(p.token)) == 1
}

// absent reports whether there is no proxy.
func (p *proxy) absent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token == ""
}

func refuseByProxy(w http.ResponseWriter) {
	w.Header().Set("Proxy-Authenticate", `Bearer realm="proxy"`)
	w.Header().Set("Content-Type", pageType)
	w.WriteHeader(http.StatusProxyAuthRequired)
	_, _ = io.WriteString(w, proxyPage) // fails only when the client has gone
}

// check returns the error that a gRPC client makes of HTTP 407.
func (p *proxy) check(ctx context.Context) error {
	if p.absent() || p.admits(metadata.ValueFromIncomingContext(ctx, proxyKey)) {
		return nil
	}
	return status.Error(codes.Unknown, "unexpected HTTP status code received from server: 407 (Proxy Authentication Required); "+
		`transport: received unexpected content-type "`+pageType+`"`+"\n"+`data: "`+proxyPage+`"`)
}

func (s *Server) proxyUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := s.proxy.check(ctx); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (s *Server) proxyStream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := s.proxy.check(ss.Context()); err != nil {
		return err
	}
	return next(srv, ss)
}
