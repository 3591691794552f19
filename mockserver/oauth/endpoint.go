package oauth

import "net/http"

// Paths of the endpoints, below the issuer's own path.
const (
	tokenPath      = "/oauth2/token"
	movedPath      = "/oauth2/token/moved"
	authorizePath  = "/oauth2/authorize"
	devicePath     = "/oauth2/device_authorization"
	revokePath     = "/oauth2/revoke"
	introspectPath = "/oauth2/introspect"
	userinfoPath   = "/oauth2/userinfo"
	jwksPath       = "/oauth2/jwks"

	// Pages for people.
	loginPath   = "/oauth2/login"
	consentPath = "/oauth2/consent"
	verifyPath  = "/oauth2/device"
)

// Endpoint names one address of the server, for [Server.Faults].
type Endpoint string

// The endpoints that can be made to misbehave.
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

// Endpoints returns all of them.
func Endpoints() []Endpoint {
	return []Endpoint{
		EndpointToken, EndpointAuthorization, EndpointDevice, EndpointRevocation,
		EndpointIntrospection, EndpointUserinfo, EndpointDiscovery,
	}
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	twists := s.twists()
	handle := func(pattern string, e Endpoint, h http.HandlerFunc) {
		mux.Handle(pattern, s.Faults(e).wrap(h))
	}
	token := s.Faults(EndpointToken).wrap(twisted(http.HandlerFunc(s.serveToken), twists))
	if s.has(QuirkTokenMoved) {
		mux.Handle(s.path+movedPath, token)
		token = s.Faults(EndpointToken).wrap(http.HandlerFunc(s.serveMoved))
	}
	mux.Handle(s.path+tokenPath, token)
	handle(s.path+introspectPath, EndpointIntrospection, s.serveIntrospect)
	handle(s.path+userinfoPath, EndpointUserinfo, s.serveUserinfo)
	mux.HandleFunc("GET "+s.path+jwksPath, s.serveJWKS)
	if !s.has(QuirkNoRevocation) {
		handle(s.path+revokePath, EndpointRevocation, s.serveRevoke)
	}
	// RFC 8414 section 3 puts the well-known segment before the issuer's path,
	// OpenID Connect discovery section 4 puts it behind.
	if !s.has(QuirkNoRFC8414) {
		handle("GET /.well-known/oauth-authorization-server"+s.path, EndpointDiscovery, s.serveRFC8414)
	}
	handle("GET "+s.path+"/.well-known/openid-configuration", EndpointDiscovery, s.serveOIDC)
	if s.supports(GrantAuthorizationCode) {
		handle(s.path+authorizePath, EndpointAuthorization, s.serveAuthorize)
	}
	if s.supports(GrantDeviceCode) {
		mux.Handle(s.path+devicePath, s.Faults(EndpointDevice).wrap(twisted(http.HandlerFunc(s.serveDevice), twists)))
		mux.HandleFunc("GET "+s.path+verifyPath, s.showVerify)
		mux.HandleFunc("POST "+s.path+verifyPath, s.takeUserCode)
	}
	mux.HandleFunc("GET "+s.path+loginPath, s.showLogin)
	mux.HandleFunc("POST "+s.path+loginPath, s.takeLogin)
	mux.HandleFunc("GET "+s.path+consentPath, s.showConsent)
	mux.HandleFunc("POST "+s.path+consentPath, s.takeConsent)
	return mux
}

// serveMoved sends clients elsewhere, form and all (RFC 9110 section 15.4.8).
func (s *Server) serveMoved(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", s.MovedTokenURL())
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// ServeHTTP answers the endpoints, the pages and the two discovery documents.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Faults makes an endpoint misbehave. For a name that is none of [Endpoints] it
// returns faults that nothing meets.
func (s *Server) Faults(e Endpoint) *Faults {
	if f, ok := s.faults[e]; ok {
		return f
	}
	return &Faults{}
}

// TokenFaults makes the token endpoint misbehave.
func (s *Server) TokenFaults() *Faults { return s.Faults(EndpointToken) }

// ResetFaults stops the faults of every endpoint.
func (s *Server) ResetFaults() {
	for _, f := range s.faults {
		f.Reset()
	}
}

// Issuer is the server's identifier, without a slash at its end.
func (s *Server) Issuer() string { return s.cfg.Issuer }

// TokenURL is the address of the token endpoint.
func (s *Server) TokenURL() string { return s.cfg.Issuer + tokenPath }

// TokenPath is the path of the token endpoint on its host.
func (s *Server) TokenPath() string { return s.path + tokenPath }

// MovedTokenURL is where [QuirkTokenMoved] sends requests.
func (s *Server) MovedTokenURL() string { return s.cfg.Issuer + movedPath }

// EndpointAt returns the endpoint that lies at path of the server's host; empty for
// pages and everything else.
func (s *Server) EndpointAt(path string) Endpoint {
	switch path {
	case s.path + tokenPath:
		return EndpointToken
	case s.path + authorizePath:
		return EndpointAuthorization
	case s.path + devicePath:
		return EndpointDevice
	case s.path + revokePath:
		return EndpointRevocation
	case s.path + introspectPath:
		return EndpointIntrospection
	case s.path + userinfoPath:
		return EndpointUserinfo
	case "/.well-known/oauth-authorization-server" + s.path, s.path + "/.well-known/openid-configuration":
		return EndpointDiscovery
	}
	return ""
}

// IsPage reports whether path is that of a page that people open in a browser,
// the authorization endpoint among them, and not one that programs ask.
func (s *Server) IsPage(path string) bool {
	switch path {
	case s.path + authorizePath, s.path + loginPath, s.path + consentPath, s.path + verifyPath:
		return true
	}
	return false
}
