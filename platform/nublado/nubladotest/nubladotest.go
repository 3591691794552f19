// Package nubladotest stands in for what surrounds Nublado on the Rubin Science
// Platform: the service discovery of Repertoire 2.1, and of Gafaelfawr 15.4 the API
// that makes tokens, the check that its ingress does and the headers that it adds.
// Its tokens are real: they have scopes, end and can be revoked. Gafaelfawr refuses
// unknown fields, and what the caller's token may not do, with the errors of the real
// one; discovery refuses credentials and all else that its clients do not send.
// Nublado itself, its hub and its labs, is missing.
//
// Call [NewServer]; [Gafaelfawr] and [Repertoire] alone need no socket.
package nubladotest

import (
	"net/http"
	"net/http/httptest"
)

// Server is service discovery and Gafaelfawr at one address.
type Server struct {
	// URL is the address, without a slash at its end. Do not change it.
	URL string
	// Gafaelfawr serves /auth/api/v1.
	Gafaelfawr *Gafaelfawr
	// Repertoire serves /repertoire/discovery.
	Repertoire *Repertoire

	http *httptest.Server
}

// NewServer starts both on the loopback interface; discovery knows of the API that
// makes tokens, and of Nublado at an address without a server until
// [Server.SetNubladoURL] says where it is. NewServer panics if it cannot listen, as
// httptest does. Close the server at the end.
func NewServer() *Server {
	s := &Server{Gafaelfawr: NewGafaelfawr(nil), Repertoire: NewRepertoire(nil)}
	mux := http.NewServeMux()
	mux.Handle("/repertoire/", s.Repertoire)
	mux.Handle("/auth/", s.Gafaelfawr)
	s.http = httptest.NewServer(mux)
	s.URL = s.http.URL
	s.SetNubladoURL("https://nublado.invalid/nb")
	return s
}

// SetNubladoURL makes discovery say that Nublado is there.
func (s *Server) SetNubladoURL(address string) {
	s.Repertoire.Set(DocumentWithGafaelfawr(address, s.URL+"/auth/api/v1"))
}

// DiscoveryURL is what REPERTOIRE_BASE_URL is set to.
func (s *Server) DiscoveryURL() string { return s.URL + "/repertoire" }

// Client returns a client whose connections Close closes.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close stops the server and closes its connections. Calling it again does nothing.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}
