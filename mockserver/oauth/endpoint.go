package oauth

import "net/http"

// Endpoint names one endpoint of the server, for scripts that make it misbehave and in
// request logs.
type Endpoint string

// The endpoints that scripts can make misbehave.
const (
	EndpointToken         Endpoint = "token"
	EndpointAuthorization Endpoint = "authorization"
	EndpointDevice        Endpoint = "device authorization"
	EndpointRevocation    Endpoint = "revocation"
	EndpointIntrospection Endpoint = "introspection"
	EndpointUserinfo      Endpoint = "userinfo"
	// EndpointDiscovery is both discovery documents.
	EndpointDiscovery Endpoint = "discovery"
)

// Answer is an HTTP answer that a script sends instead of the endpoint's own.
type Answer struct {
	// Status is the HTTP status; zero means 500.
	Status int
	// ContentType is the media type of Body; empty means text/html.
	ContentType string
	// Body is sent as it is.
	Body string
	// Header are further headers, such as Retry-After.
	Header http.Header
}
