// Package requests describes the calls and HTTP requests that a mock has received.
//
// Call mockserver.Server.Requests for those so far, or WatchRequests for each as it arrives.
package requests

import (
	"errors"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver/front"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// ErrSlow is the error of mockserver.Server.WatchRequests if its receiver took requests so
// slowly that the server did not keep all of them.
var ErrSlow = errors.New("the requests were received too slowly and some are lost; watch again with the number of the latest")

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
	// Protocol is how a call came; empty for HTTP requests. Without mockserver.WithHTTPFront
	// all calls come by gRPC.
	Protocol front.Protocol
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
