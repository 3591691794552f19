package tokenreviewtest

import (
	"net/http"
	"net/http/httptest"
)

// Server is a [Cluster] that listens on the loopback interface.
type Server struct {
	*Cluster

	// URL is the address, without a slash at its end; it serves [Path] only. Do
	// not change it.
	URL string

	http *httptest.Server
}

// NewServer starts a cluster on the loopback interface. It panics if it cannot
// listen, as httptest does. Close it at the end.
func NewServer() *Server {
	s := &Server{Cluster: NewCluster()}
	s.http = httptest.NewServer(s.Cluster)
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
