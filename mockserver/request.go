package mockserver

import (
	"math"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Kind is the side of the server that a request reached.
type Kind string

// Kinds of requests.
const (
	KindGRPC  Kind = "grpc"  // a call, by whatever protocol
	KindToken Kind = "token" // a request to the token endpoint
	KindHTTP  Kind = "http"  // any other HTTP request
)

// Request is one call or HTTP request that the server received. It holds no secret:
// tokens appear by ID only, and values of keys that carry credentials are omitted.
type Request struct {
	// Number counts requests from 1 since the start.
	Number uint64
	// Kind is the side of the server that it reached.
	Kind Kind
	// Protocol is how a call came; empty for HTTP requests. Without [WithHTTPFront] all
	// calls come by gRPC.
	Protocol Protocol
	// Method is the full name of a call, else verb and path, such as
	// "POST /oauth2/token"; queries are left out.
	Method string
	// Time is when it arrived, by the server's clock.
	Time time.Time
	// TokenID names the access token that came with it (see oauth.TokenID); empty
	// without one.
	TokenID string
	// Authorizations is the number of values of the key that carries tokens.
	Authorizations int
	// Keys are all metadata keys or header names, in lower case, sorted.
	Keys []string
	// Metadata holds the values of those keys that carry no secret.
	Metadata map[string][]string
	// ProxyAuthorizations is the number of values of proxy-authorization, and
	// ProxyTokenID names the token in the first.
	ProxyAuthorizations int
	ProxyTokenID        string
	// Endpoint is the authorization server's endpoint that was asked; empty for
	// calls, pages and objects.
	Endpoint oauth.Endpoint
	// Form holds the parameters of a request to one of these endpoints that are no
	// secret, such as grant_type, client_id, scope, audience, resource and
	// redirect_uri. A client_id that came by Basic authentication is here too.
	Form map[string][]string
	// Done reports whether it was answered; the fields below are meaningless before.
	Done bool
	// Code is the status of a call; codes.Unknown if HTTPStatus says more.
	Code codes.Code
	// HTTPStatus is the status of an HTTP request, or of a call that was answered with
	// bare HTTP.
	HTTPStatus int
	// Reason is the message of a call's status, "[redacted]" if it holds a secret; empty
	// with code OK and for HTTP requests.
	Reason string
	// Took is the time from its arrival to the end of the answer.
	Took time.Duration
}

// requestLog keeps the latest requests.
type requestLog struct {
	mu     sync.Mutex
	size   int
	ring   []*loggedRequest
	next   int // where the next one goes once ring is full
	tokens int

	latest  uint64 // number of the latest
	watches map[*requestWatch]struct{}
	version uint64 // grows with each change
}

func newRequestLog(size int) *requestLog { return &requestLog{size: size} }

// add stores r, which belongs to the log from then on.
func (l *requestLog) add(r *loggedRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest++
	l.version++
	r.Number = l.latest
	if r.Kind == KindToken {
		l.tokens++
	}
	defer l.notify(r)
	switch {
	case l.size == 0:
	case len(l.ring) < l.size:
		l.ring = append(l.ring, r)
	default:
		l.ring[l.next] = r
		l.next = (l.next + 1) % l.size
	}
}

// finish stores the answer to r, which took until now.
func (l *requestLog) finish(r *loggedRequest, now time.Time, code codes.Code, httpStatus int, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	r.Done, r.Code, r.HTTPStatus, r.Reason, r.Took = true, code, httpStatus, reason, max(0, now.Sub(r.Time))
	l.notify(r)
}

// Requests returns the requests received so far, oldest first. The maps and slices in it are
// shared: do not change them.
func (s *Server) Requests() []Request { return s.Latest(math.MaxInt) }

// TokenRequests returns how many requests reached the token endpoint, whatever it
// answered, since the start or the last [Server.ResetRequests].
func (s *Server) TokenRequests() int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.tokens
}

// ResetRequests forgets the requests received so far.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.ring, s.log.next, s.log.tokens = nil, 0, 0
	s.log.version++
}
