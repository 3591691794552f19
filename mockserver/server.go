// Package mockserver is a whole backend in one process: every service over real
// in-memory state, an authorization server whose tokens expire, and an object
// store behind signed URLs. People log in on its pages (mocktest.Browser is one
// who does), at a device, or by password; see [WithOAuth].
//
// It is meant for tests of clients, so it asks for a login unless told otherwise
// ([WithOpenAccess]), keeps to what real backends do, and shares no code with
// the client. [Server.Script] makes it misbehave, [Server.Requests] tells what
// arrived, and with [WithInMemory] it runs inside a testing/synctest bubble.
//
// Call [New], connect to [Server.Endpoint] or hand out [Server.APIKey], and
// [Server.Close] it at the end; tests use mocktest.New, which does that.
package mockserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/internal/pages"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

// Server is a running mock. Safe for concurrent use.
type Server struct {
	cfg     config
	clock   *clock
	certs   *certificates // nil without TLS
	oauth   *authserver.Server
	backend *backend.Backend
	objects *objectstore.Store
	script  *Script
	log     *requestLog
	proxy   proxy
	index   *pages.Layout

	grpcSide *listener
	httpSide *listener
	grpc     *grpc.Server
	front    *http.Server // nil without WithHTTPFront
	http     *http.Server
	client   *http.Client

	serving  sync.WaitGroup // accept loops
	handlers gate           // those that net/http started
	done     chan struct{}  // closed first
	close    sync.Once
}

// New starts a server: gRPC and HTTP on free ports of 127.0.0.1 without TLS, with
// one client, unless options say otherwise. It does not wait for anything.
func New(opts ...Option) (*Server, error) {
	s := &Server{cfg: newConfig(opts), clock: &clock{}, done: make(chan struct{})}
	s.log = newRequestLog(s.cfg.logSize)
	s.script = &Script{server: s}
	s.proxy.set(s.cfg.proxyToken)
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := s.assemble(); err != nil {
		return nil, errors.Join(err, s.grpcSide.Close(), s.httpSide.Close())
	}
	s.serve()
	return s, nil
}

// open makes the listeners, and the certificate for their addresses.
func (s *Server) open() error {
	var err error
	if s.grpcSide, err = listen(s.cfg.network, s.cfg.address); err != nil {
		return &Error{Op: "listen for gRPC", Err: err}
	}
	network := "tcp"
	if s.cfg.network == networkMemory {
		network = networkMemory
	}
	if s.httpSide, err = listen(network, s.cfg.httpAddr); err != nil {
		return errors.Join(&Error{Op: "listen for HTTP", Err: err}, s.grpcSide.Close())
	}
	return nil
}

// assemble makes the parts and plugs them together.
func (s *Server) assemble() error {
	var err error
	if s.cfg.tls {
		if s.certs, err = newCertificates(s.cfg.mutualTLS, hostOf(s.cfg.address), hostOf(s.cfg.httpAddr)); err != nil {
			return &Error{Op: "make a certificate", Err: err}
		}
	}
	if s.oauth, err = s.newOAuth(); err != nil {
		return &Error{Op: "start the authorization server", Err: err}
	}
	if s.index, err = pages.New(indexContent); err != nil {
		return &Error{Op: "read the index page", Err: err}
	}
	s.objects = objectstore.New(objectstore.Config{BaseURL: s.HTTPURL() + objectsPath, Now: s.clock.Now})
	login := s.loginMetadata
	if s.cfg.loginless {
		login = nil
	}
	s.backend = backend.New(backend.Config{
		Now: s.clock.Now, Strict: s.cfg.strict, Objects: s.objects, Login: login,
	})
	for _, id := range s.cfg.projects {
		s.backend.AddProject(backend.Project{ID: id, Name: id})
	}
	s.grpc = s.newGRPC()
	s.http = s.newHTTP()
	s.client = s.newClient()
	if s.cfg.front {
		s.front = s.newFront()
	}
	return nil
}

func (s *Server) newOAuth() (*authserver.Server, error) {
	cfg, err := s.cfg.oauthFor(s.HTTPURL()+s.cfg.issuerPath, s.clock)
	if err != nil {
		return nil, err
	}
	return authserver.New(cfg)
}

// loginMetadata is what AuthMetadataService tells.
func (s *Server) loginMetadata() backend.LoginMetadata {
	m := s.oauth.Metadata()
	scopes := s.cfg.oauth.Clients[0].Scopes
	if offline := s.cfg.oauth.OfflineScope; offline != "" && !slices.Contains(scopes, offline) {
		scopes = append(slices.Clone(scopes), offline)
	}
	redirect := ""
	if m.AuthorizationEndpoint != "" {
		redirect = RedirectURI
	}
	return backend.LoginMetadata{
		Issuer: m.Issuer, TokenEndpoint: m.TokenEndpoint, JWKSURI: m.JWKSURI,
		AuthorizationEndpoint: m.AuthorizationEndpoint, DeviceAuthorizationEndpoint: m.DeviceAuthorizationEndpoint,
		ResponseTypes: m.ResponseTypes, Scopes: m.Scopes, AuthMethods: m.AuthMethods, GrantTypes: m.GrantTypes,
		CodeChallengeMethods: m.CodeChallengeMethods,
		ClientID:             PublicClientID, ClientScopes: scopes, RedirectURI: redirect,
		HeaderKey: s.cfg.headerKey, Audience: s.cfg.audience, ServiceHTTPEndpoint: s.HTTPURL(),
	}
}

// serve runs the accept loops.
func (s *Server) serve() {
	s.serving.Go(func() { s.ended("http", serveHTTP(s.http, s.httpSide)) })
	s.serving.Go(func() {
		if s.front != nil {
			s.ended("grpc front", serveHTTP(s.front, s.grpcSide))
			return
		}
		s.ended("grpc", s.grpc.Serve(s.grpcSide))
	})
}

func serveHTTP(server *http.Server, l *listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// ended tells of an accept loop that ended by itself.
func (s *Server) ended(side string, err error) {
	select {
	case <-s.done:
	default:
		s.cfg.logger.Error("mock server side ended", "side", side, "error", err)
	}
}

// Close ends every call and stream, and gives up the addresses. All that the
// server started has ended when it returns. Calling it again does nothing.
func (s *Server) Close() error {
	s.close.Do(func() {
		close(s.done)
		s.backend.Close()
		left := s.handlers.close()
		_ = s.http.Close() // reports what closing the listener says: nothing to act on
		if s.front != nil {
			_ = s.front.Close()
		}
		<-left
		s.grpcSide.accepted.hangUp()
		s.grpc.Stop()
		s.client.CloseIdleConnections()
		s.serving.Wait()
	})
	return nil
}

// Script makes the server misbehave: it is one and the same at every call.
func (s *Server) Script() *Script { return s.script }

// Backend is the state behind the services; timelines of runs are set there.
func (s *Server) Backend() *backend.Backend { return s.backend }

// Objects is the object store behind signed URLs: put and read objects there.
func (s *Server) Objects() *objectstore.Store { return s.objects }

// SetClockOffset sets the server's clock off by d from the machine's. Tokens,
// signed URLs and every time in the backend's records follow it at once;
// timelines, and the TLS certificate, do not.
func (s *Server) SetClockOffset(d time.Duration) { s.clock.set(d) }

// Now is the time by the server's clock.
func (s *Server) Now() time.Time { return s.clock.Now() }

func hostOf(address string) string {
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		return strings.Trim(address[:i], "[]")
	}
	return ""
}

// pause waits for d, less if ctx or the server ends first.
func (s *Server) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	return await(ctx, s, timer.C)
}
