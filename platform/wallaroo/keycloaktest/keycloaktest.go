// Package keycloaktest is a fake of the part of Keycloak at which the clients of
// Wallaroo 2025 log in: the device authorization and token endpoints of the realm
// "master". Refresh tokens rotate; a session ends when a refresh token is used twice,
// and after an hour without a refresh. The fake is strict: it rejects a request with an
// unexpected parameter, a client secret or the wrong content type as invalid_request,
// and [Realm.Requests] has the reason. It was written from clients and documentation,
// not compared with a running Keycloak. Its tokens are JWTs that only it can verify; it
// has no pages, keys or discovery documents.
//
// Call [NewServer] for a server on this machine, or [NewRealm] for an http.Handler.
package keycloaktest

import (
	"net/http"
	"net/http/httptest"
)

// Server is a [Realm] that listens on the loopback interface.
type Server struct {
	*Realm

	// URL is the address, without a slash at its end; the realm is at [Path] below it.
	// Do not change it.
	URL string

	http *httptest.Server
}

// NewServer starts a realm on the loopback interface. It panics if it cannot listen,
// as httptest does. Close it at the end.
func NewServer(config Config) *Server {
	s := &Server{Realm: NewRealm(config)}
	s.http = httptest.NewServer(s.Realm)
	s.URL = s.http.URL
	return s
}

// Client returns a client whose connections Close closes.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close stops the server and closes its connections. Calling it again does nothing.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}
