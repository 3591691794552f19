package mockserver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

var errNotLoopback = errors.New("the mock's HTTP client reaches loopback addresses only")

// HTTPClient returns a client that reaches the HTTP side, in memory too, and trusts its
// certificate. Otherwise it reaches loopback addresses only. [Server.Close] closes
// its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.client }

func (s *Server) newClient() *http.Client {
	transport := &http.Transport{
		DialContext:         s.dialHTTP,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
	}
	if s.certs != nil {
		transport.TLSClientConfig = s.certs.ClientConfig()
	}
	return &http.Client{Transport: transport}
}

func (s *Server) dialHTTP(ctx context.Context, network, address string) (net.Conn, error) {
	if s.httpSide.Dial != nil && address == s.httpSide.Address {
		return s.httpSide.Dial(ctx)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && address != s.httpSide.Address {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errNotLoopback}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}
