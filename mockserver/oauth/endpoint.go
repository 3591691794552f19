package oauth

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
