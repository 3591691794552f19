package mockserver

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jetway-go/jetway/mockserver/internal/listen"
)

// Endpoint returns the target for [grpc.NewClient]: "127.0.0.1:port",
// "unix:///path", or "passthrough:///localhost" in memory, which needs
// [Server.DialOption].
func (s *Server) Endpoint() string {
	switch s.cfg.network {
	case listen.Memory:
		return "passthrough:///localhost"
	case listen.Unix:
		return "unix://" + s.grpcSide.Address
	default:
		return s.grpcSide.Address
	}
}

// URL returns the endpoint with a scheme that shows whether the server uses TLS, such
// as "http://127.0.0.1:port"; for a unix socket and in memory it returns
// [Server.Endpoint]. Clients that take such endpoints need no option for TLS then.
func (s *Server) URL() string {
	if s.cfg.network != listen.TCP {
		return s.Endpoint()
	}
	return s.scheme() + s.grpcSide.Address
}

func (s *Server) scheme() string {
	if s.cfg.tls {
		return "https://"
	}
	return "http://"
}

// HTTPURL returns the base URL of the HTTP side, without a slash at its end.
func (s *Server) HTTPURL() string { return s.scheme() + s.httpSide.Address }

// Issuer returns the authorization server's identifier, the base of its endpoints.
func (s *Server) Issuer() string { return s.oauth.Issuer() }

// TokenURL returns the address of the token endpoint.
func (s *Server) TokenURL() string { return s.oauth.TokenURL() }

// AuthorizationURL returns the address of the authorization endpoint; empty without the
// authorization_code grant.
func (s *Server) AuthorizationURL() string { return s.oauth.Metadata().AuthorizationEndpoint }

// IntrospectionURL returns the address of the introspection endpoint (RFC 7662), which
// answers clients with a secret only.
func (s *Server) IntrospectionURL() string { return s.oauth.Metadata().IntrospectionEndpoint }

// ClientID returns the ID of the server's first client.
func (s *Server) ClientID() string { return s.cfg.oauth.Clients[0].ID }

// ClientSecret returns the secret of the server's first client.
func (s *Server) ClientSecret() string { return s.cfg.oauth.Clients[0].Secret }

// APIKey returns an API key for the first client: base64 of the endpoint, client ID, client
// secret and organization (empty here) with colons between them. The endpoint is
// [Server.URL], or the bare host if the server uses TLS on port 443: Flyte's own clients
// read only keys whose endpoint has neither scheme nor port, so that other keys are for
// this module's clients.
func (s *Server) APIKey() string { return s.apiKey(s.ClientID(), s.ClientSecret()) }

// APIKeyFor is [Server.APIKey] for another client. The error wraps [ErrUnknownClient].
func (s *Server) APIKeyFor(clientID string) (string, error) {
	for _, c := range s.cfg.oauth.Clients {
		if c.ID == clientID {
			return s.apiKey(c.ID, c.Secret), nil
		}
	}
	return "", &Error{Op: "API key of " + clientID, Err: ErrUnknownClient}
}

func (s *Server) apiKey(id, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(keyEndpoint(s.URL()) + ":" + id + ":" + secret + ":"))
}

// keyEndpoint returns an endpoint as an API key has it.
func keyEndpoint(endpoint string) string {
	rest, encrypted := strings.CutPrefix(endpoint, "https://")
	host, port, err := net.SplitHostPort(rest)
	if !encrypted || err != nil || port != "443" || strings.Contains(host, ":") { // of IPv6
		return endpoint
	}
	return host
}

// CACertPEM returns the certificate that a client has to trust, nil without [WithTLS].
func (s *Server) CACertPEM() []byte {
	if s.certs == nil {
		return nil
	}
	return append([]byte{}, s.certs.CAPEM...)
}

// ClientCertificatePEM returns a client certificate that the server's authority has
// signed, followed by its key; nil without [WithMutualTLS]. As a file it serves for
// both halves of a pair.
func (s *Server) ClientCertificatePEM() ([]byte, error) {
	if s.certs == nil || !s.certs.Mutual {
		return nil, nil
	}
	text, err := s.certs.ClientPEM()
	if err != nil {
		return nil, &Error{Op: "write the client certificate", Err: err}
	}
	return text, nil
}

// TransportCredentials returns credentials for [grpc.WithTransportCredentials]: TLS that
// trusts the server's authority, or plaintext without [WithTLS].
func (s *Server) TransportCredentials() credentials.TransportCredentials {
	if s.certs == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(s.certs.ClientConfig())
}

// DialOption returns the option by which a connection to [Server.Endpoint] finds the
// in-memory listener. For a server on a real address it has no effect.
func (s *Server) DialOption() grpc.DialOption {
	if s.grpcSide.Dial == nil {
		return grpc.EmptyDialOption{}
	}
	return grpc.WithContextDialer(s.DialContext)
}

// DialContext connects to the gRPC services, in memory too and whatever the address. It is
// for programs whose [grpc.WithContextDialer] chooses between several servers.
func (s *Server) DialContext(ctx context.Context, _ string) (net.Conn, error) {
	if s.grpcSide.Dial != nil {
		return s.grpcSide.Dial(ctx)
	}
	var d net.Dialer
	return d.DialContext(ctx, s.cfg.network, s.grpcSide.Address)
}

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

func hostOf(address string) string {
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		return strings.Trim(address[:i], "[]")
	}
	return ""
}
