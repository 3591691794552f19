// Package nubladotest is a fake of the parts of the Rubin Science Platform that clients of
// Nublado need: the service discovery of Repertoire 2.1; three parts of Gafaelfawr 15.4,
// which are the API that creates tokens, the check in its ingress, and the headers that the
// ingress adds; and Nublado itself, a hub and the labs of its users, with kernels that run a
// little Python. Tokens have scopes, expire and can be revoked. Gafaelfawr rejects unknown
// fields and missing scopes with the errors of the real one, discovery rejects credentials
// and all else that its clients do not send, and the hub is strict with cookies and XSRF
// values; [Settings] has the rules of newer hubs.
//
// Call [NewServer] for a server on this machine; [NewGafaelfawr], [NewRepertoire] and
// [NewNublado] return http.Handlers.
package nubladotest

import (
	"net/http"
	"net/http/httptest"
)

// Server is service discovery, Gafaelfawr and Nublado at one address.
type Server struct {
	// URL is the address, without a slash at its end. Do not change it.
	URL string
	// Gafaelfawr serves /auth/api/v1.
	Gafaelfawr *Gafaelfawr
	// Repertoire serves /repertoire/discovery.
	Repertoire *Repertoire
	// Nublado serves /nb.
	Nublado *Nublado

	http *httptest.Server
}

// NewServer starts them on the loopback interface. Discovery lists the API that creates
// tokens and Nublado; [Server.SetNubladoURL] sets another address for it. NewServer panics
// if it cannot listen, as httptest does. Close the server at the end.
func NewServer() *Server {
	s := &Server{Gafaelfawr: NewGafaelfawr(nil), Repertoire: NewRepertoire(nil)}
	s.Nublado = NewNublado(s.Gafaelfawr, "/nb")
	mux := http.NewServeMux()
	mux.Handle("/repertoire/", s.Repertoire)
	mux.Handle("/auth/", s.Gafaelfawr)
	mux.Handle("/nb/", s.Nublado)
	s.http = httptest.NewServer(mux)
	s.URL = s.http.URL
	s.SetNubladoURL(s.URL + "/nb")
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
