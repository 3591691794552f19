package authserver

import (
	"net/http"

	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

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

	// Pages for users.
	loginPath   = "/oauth2/login"
	consentPath = "/oauth2/consent"
	verifyPath  = "/oauth2/device"
)

// Endpoints returns every endpoint that scripts can make misbehave.
func Endpoints() []oauth.Endpoint {
	return []oauth.Endpoint{
		oauth.EndpointToken, oauth.EndpointAuthorization, oauth.EndpointDevice, oauth.EndpointRevocation,
		oauth.EndpointIntrospection, oauth.EndpointUserinfo, oauth.EndpointDiscovery,
	}
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	twists := s.twists()
	handle := func(pattern string, e oauth.Endpoint, h http.HandlerFunc) {
		mux.Handle(pattern, s.Faults(e).Wrap(h))
	}
	token := s.Faults(oauth.EndpointToken).Wrap(twisted(http.HandlerFunc(s.serveToken), twists))
	if s.has(oauth.QuirkTokenMoved) {
		mux.Handle(s.path+movedPath, token)
		token = s.Faults(oauth.EndpointToken).Wrap(http.HandlerFunc(s.serveMoved))
	}
	mux.Handle(s.path+tokenPath, token)
	handle(s.path+introspectPath, oauth.EndpointIntrospection, s.serveIntrospect)
	handle(s.path+userinfoPath, oauth.EndpointUserinfo, s.serveUserinfo)
	mux.HandleFunc("GET "+s.path+jwksPath, s.serveJWKS)
	if !s.has(oauth.QuirkNoRevocation) {
		handle(s.path+revokePath, oauth.EndpointRevocation, s.serveRevoke)
	}
	// RFC 8414 section 3 puts the well-known segment before the issuer's path,
	// OpenID Connect discovery section 4 puts it behind.
	if !s.has(oauth.QuirkNoRFC8414) {
		handle("GET /.well-known/oauth-authorization-server"+s.path, oauth.EndpointDiscovery, s.serveRFC8414)
	}
	handle("GET "+s.path+"/.well-known/openid-configuration", oauth.EndpointDiscovery, s.serveOIDC)
	if s.supports(oauth.GrantAuthorizationCode) {
		handle(s.path+authorizePath, oauth.EndpointAuthorization, s.serveAuthorize)
	}
	if s.supports(oauth.GrantDeviceCode) {
		mux.Handle(s.path+devicePath, s.Faults(oauth.EndpointDevice).Wrap(twisted(http.HandlerFunc(s.serveDevice), twists)))
		mux.HandleFunc("GET "+s.path+verifyPath, s.showVerify)
		mux.HandleFunc("POST "+s.path+verifyPath, s.takeUserCode)
	}
	mux.HandleFunc("GET "+s.path+loginPath, s.showLogin)
	mux.HandleFunc("POST "+s.path+loginPath, s.takeLogin)
	mux.HandleFunc("GET "+s.path+consentPath, s.showConsent)
	mux.HandleFunc("POST "+s.path+consentPath, s.takeConsent)
	return mux
}

// serveMoved is [oauth.QuirkTokenMoved]: clients that follow it send the form again
// (RFC 9110 section 15.4.8).
func (s *Server) serveMoved(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", s.cfg.Issuer+movedPath)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// ServeHTTP answers the endpoints, the pages and the two discovery documents.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Faults returns the faults of an endpoint. For a name that is none of [Endpoints] they
// have no effect.
func (s *Server) Faults(e oauth.Endpoint) *faults.Set {
	if f, ok := s.faults[e]; ok {
		return f
	}
	return &faults.Set{}
}

// ResetFaults stops the faults of every endpoint.
func (s *Server) ResetFaults() {
	for _, f := range s.faults {
		f.Reset()
	}
}

// Issuer returns the server's identifier, without a slash at its end.
func (s *Server) Issuer() string { return s.cfg.Issuer }

// TokenURL returns the address of the token endpoint.
func (s *Server) TokenURL() string { return s.cfg.Issuer + tokenPath }

// DevicePage returns the address of the page for user codes; empty without the
// device_code grant.
func (s *Server) DevicePage() string {
	if !s.supports(oauth.GrantDeviceCode) {
		return ""
	}
	return s.cfg.Issuer + verifyPath
}

// EndpointAt returns the endpoint with this path; empty for pages and other paths.
func (s *Server) EndpointAt(path string) oauth.Endpoint {
	switch path {
	case s.path + tokenPath:
		return oauth.EndpointToken
	case s.path + authorizePath:
		return oauth.EndpointAuthorization
	case s.path + devicePath:
		return oauth.EndpointDevice
	case s.path + revokePath:
		return oauth.EndpointRevocation
	case s.path + introspectPath:
		return oauth.EndpointIntrospection
	case s.path + userinfoPath:
		return oauth.EndpointUserinfo
	case "/.well-known/oauth-authorization-server" + s.path, s.path + "/.well-known/openid-configuration":
		return oauth.EndpointDiscovery
	}
	return ""
}

// IsPage reports whether users open path in a browser, as the authorization endpoint;
// programs call the other paths.
func (s *Server) IsPage(path string) bool {
	switch path {
	case s.path + authorizePath, s.path + loginPath, s.path + consentPath, s.path + verifyPath:
		return true
	}
	return false
}
