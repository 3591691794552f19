// Package keycloaktest stands in for the part of Keycloak that the clients of
// Wallaroo 2025 log in at: the device authorization and token endpoints of the realm
// "master". Its sessions are real: refresh tokens rotate, the second use of one ends
// the login, and so does an hour without a refresh. It was written from what clients
// and documents show, beside no running Keycloak; its tokens are JWTs that only it
// can check, and there are no pages, keys or discovery documents. It is strict: a
// request with one parameter too many, a client secret, or the wrong content type is
// refused as invalid_request, and [Realm.Requests] has the reason.
//
// Call [NewServer]; a [Realm] alone needs no socket.
package keycloaktest

import (
	"net/http"
	"net/http/httptest"
)

// Server is a [Realm] that listens.
type Server struct {
	*Realm

	// URL is the address, without a slash at its end; the realm lies at [Path] below.
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
