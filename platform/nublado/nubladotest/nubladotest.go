// Package nubladotest is a fake of two services of the Rubin Science Platform that
// clients of Nublado need: the service discovery of Repertoire 2.1, and three parts of
// Gafaelfawr 15.4: the API that creates tokens, the check in its ingress, and the
// headers that the ingress adds. Tokens have scopes, expire and can be revoked.
// Gafaelfawr rejects unknown fields and missing scopes with the errors of the real one;
// discovery rejects credentials and all else that its clients do not send. There is no
// fake of Nublado itself, its hub and its labs.
//
// Call [NewServer] for a server on this machine; [NewGafaelfawr] and [NewRepertoire]
// return http.Handlers.
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

// NewServer starts both on the loopback interface. Discovery lists the API that creates
// tokens, and for Nublado an address without a server, until [Server.SetNubladoURL] sets
// another. NewServer panics if it cannot listen, as httptest does. Close the server at
// the end.
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

// SetNubladoURL sets the address that discovery lists for Nublado.
func (s *Server) SetNubladoURL(address string) {
	s.Repertoire.Set(DocumentWithGafaelfawr(address, s.URL+"/auth/api/v1"))
}

// DiscoveryURL returns the value for REPERTOIRE_BASE_URL.
func (s *Server) DiscoveryURL() string { return s.URL + "/repertoire" }

// Client returns a client whose connections Close closes.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close stops the server and closes its connections. Calling it again does nothing.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}
