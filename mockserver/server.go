// Package mockserver is a Flyte backend in one process, for tests of clients: every
// service over in-memory state, an authorization server whose tokens expire, and an
// object store behind signed URLs. Users log in on its pages (mocktest.Browser does
// that in tests), at a device, or by password; see [WithOAuth].
//
// Calls need an access token unless [WithOpenAccess] is given. The mock does what real
// backends do and shares no code with the client. [Server.Script] makes it misbehave,
// [Server.Requests] returns what it received, and with [WithInMemory] it runs inside a
// testing/synctest bubble.
//
// Call [New], connect to [Server.URL] or use [Server.APIKey], and call [Server.Close]
// at the end; in tests call mocktest.New, which closes the server by itself.
package mockserver

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/internal/certificates"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
	"github.com/jetway-go/jetway/mockserver/internal/listen"
	"github.com/jetway-go/jetway/mockserver/internal/pages"
	"github.com/jetway-go/jetway/mockserver/internal/proxyauth"
	"github.com/jetway-go/jetway/mockserver/internal/requestlog"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

// Server is a running mock. It is safe for concurrent use.
type Server struct {
	cfg     config
	clock   *clock
	certs   *certificates.Set // nil without TLS
	oauth   *authserver.Server
	backend *backend.Backend
	objects *objectstore.Store
	journal *kept.Journal // nil without WithState
	script  *Script
	log     *requestlog.Log
	proxy   proxyauth.Guard
	index   *pages.Layout
	own     map[string]bool // services of attachments; fixed before the server serves
	mounts  mounts

	grpcSide *listen.Listener
	httpSide *listen.Listener
	grpc     *grpc.Server
	front    *http.Server // nil without WithHTTPFront
	http     *http.Server
	client   *http.Client

	serving  sync.WaitGroup // accept loops
	handlers gate           // those that net/http started
	done     chan struct{}  // closed first
	close    sync.Once
}

// New starts a server. By default the gRPC services and the HTTP side listen on free
// ports of 127.0.0.1 without TLS, and there is one client and one user. The server
// accepts connections when New returns. The error is an [*Error], and an [ErrOption] if one of
// the options has to change.
func New(opts ...Option) (*Server, error) {
	cfg := newConfig(opts)
	if cfg.services != All && cfg.services != Current {
		return nil, &Error{Op: "mount services", Err: fmt.Errorf("there is no set %q: want All or Current", cfg.services), option: true}
	}
	if len(cfg.origins) > 0 && cfg.front == nil {
		return nil, &Error{Op: "allow origins", Err: errors.New("browsers cannot call without a front: add WithHTTPFront"), option: true}
	}
	if err := cfg.recall(); err != nil {
		return nil, &Error{Op: "read the state", Err: err}
	}
	s := &Server{cfg: cfg, clock: &clock{}, done: make(chan struct{}), journal: cfg.newJournal()}
	s.log = s.newLog()
	s.script = &Script{server: s}
	s.proxy.Set(s.cfg.proxyToken)
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := s.assemble(); err != nil {
		return nil, errors.Join(err, s.grpcSide.Close(), s.httpSide.Close())
	}
	if err := s.keep(); err != nil {
		s.backend.Close()
		return nil, errors.Join(err, s.grpcSide.Close(), s.httpSide.Close())
	}
	s.serve()
	return s, nil
}

// open opens the listeners.
func (s *Server) open() error {
	var err error
	if s.grpcSide, err = listen.Again(s.cfg.network, s.cfg.address, s.cfg.before.GRPC); err != nil {
		return &Error{Op: "listen for gRPC", Err: err, option: listen.IsWrong(err)}
	}
	network := listen.TCP
	if s.cfg.network == listen.Memory {
		network = listen.Memory
	}
	if s.httpSide, err = listen.Again(network, s.cfg.httpAddr, s.cfg.before.HTTP); err != nil {
		return errors.Join(&Error{Op: "listen for HTTP", Err: err, option: listen.IsWrong(err)}, s.grpcSide.Close())
	}
	return nil
}

// assemble makes the parts of the server.
func (s *Server) assemble() error {
	var err error
	if s.cfg.tls {
		names := append(slices.Clone(s.cfg.tlsNames), hostOf(s.cfg.address), hostOf(s.cfg.httpAddr))
		if s.certs, err = certificates.New(s.cfg.mutualTLS, names...); err != nil {
			return &Error{Op: "make a certificate", Err: err}
		}
	}
	if s.oauth, err = s.newOAuth(); err != nil {
		return &Error{Op: "start the authorization server", Err: err, option: true}
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
		Now: s.clock.Now, Strict: s.cfg.strict, Objects: s.objects, Login: login, CurrentOnly: s.cfg.services == Current,
	})
	s.grpc = s.newGRPC()
	if err := s.attach(); err != nil {
		return err
	}
	s.http = s.newHTTP()
	s.client = s.newClient()
	if s.cfg.front != nil {
		if s.front, err = s.newFront(); err != nil {
			return &Error{Op: "set up the front", Err: err, option: true}
		}
	}
	return nil
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

func serveHTTP(server *http.Server, l *listen.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// ended logs an accept loop that ended before [Server.Close].
func (s *Server) ended(side string, err error) {
	select {
	case <-s.done:
	default:
		s.cfg.logger.Error("mock server side ended", "side", side, "error", err)
	}
}

// Close ends every call and stream and closes the listeners. When it returns, every
// goroutine of the server has ended. The error is that of the latest write with [WithState],
// otherwise nil; calling Close again does nothing.
func (s *Server) Close() (err error) {
	s.close.Do(func() {
		close(s.done)
		s.backend.Close()
		left := s.handlers.close()
		_ = s.http.Close() // an error here changes nothing: the server is closing
		if s.front != nil {
			_ = s.front.Close()
		}
		<-left
		s.grpcSide.HangUp()
		s.grpc.Stop()
		s.client.CloseIdleConnections()
		s.serving.Wait()
		if s.journal != nil {
			err = s.journal.Close()
		}
	})
	if err != nil {
		return &Error{Op: "keep the state", Err: err}
	}
	return nil
}

// Script returns the server's script, which makes it misbehave; the same at every call.
func (s *Server) Script() *Script { return s.script }

// Backend returns the state behind the services, where timelines of runs are set.
func (s *Server) Backend() *backend.Backend { return s.backend }

// Objects returns the object store behind signed URLs.
func (s *Server) Objects() *objectstore.Store { return s.objects }
