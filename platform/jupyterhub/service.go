package jupyterhub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jetway-go/jetway/platform/internal/guess"
)

const (
	closeLimit  = 5 * time.Second // for requests in progress when the service stops
	headerLimit = 10 * time.Second
)

// Service serves HTTP under the service's prefix, and gRPC on the same port, at the
// address in JUPYTERHUB_SERVICE_URL. Callers of gRPC use that address directly, since
// the hub's proxy passes on no gRPC.
type Service struct {
	Config

	// HTTP serves the requests under the prefix, with the prefix removed from their
	// path; others are answered with status 404. Put [Auth.Middleware] around it.
	HTTP http.Handler
	// GRPC serves gRPC calls; usually a *grpc.Server with an [Auth] in its
	// interceptors. Nil serves none.
	GRPC http.Handler
	// Logger records errors of connections; nil discards them.
	Logger *slog.Logger
}

// Run listens and serves until ctx ends, and then returns nil. The hub stops a service
// with SIGTERM: pass a context of signal.NotifyContext. The error is an [*Error].
func (s Service) Run(ctx context.Context) error {
	l, err := s.Listen(ctx)
	if err != nil {
		return err
	}
	return s.Serve(ctx, l)
}

// Listen opens the address. If the hub uses TLS between its parts, the listener requires
// TLS with a client certificate of the hub's. The error is an [*Error].
func (s Service) Listen(ctx context.Context) (net.Listener, error) {
	here, err := s.read()
	if err != nil {
		return nil, setup(err)
	}
	if here.serviceURL == "" {
		return nil, setup(errors.New(guess.After("no address to listen on: set "+EnvServiceURL+" or ServiceURL; "+
			"the hub sets it for services that have a url", s.misspelt(EnvServiceURL))))
	}
	address, secure, err := listenAddress(here.serviceURL)
	if err != nil {
		return nil, setup(err)
	}
	var cfg *tls.Config
	if secure {
		if !here.tls.set() {
			return nil, setup(fmt.Errorf("%s is https, for which %s, %s and %s are needed", EnvServiceURL, envKeyFile, envCertFile, envClientCA))
		}
		if cfg, err = here.tls.config(); err != nil {
			return nil, setup(err)
		}
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
		cfg.NextProtos = []string{"h2", "http/1.1"}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, serving(fmt.Errorf("%s: %w", EnvServiceURL, err))
	}
	if cfg != nil {
		l = tls.NewListener(l, cfg)
	}
	return l, nil
}

// listenAddress parses the service's URL.
func listenAddress(text string) (address string, secure bool, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", false, fmt.Errorf("%s is not a URL such as http://127.0.0.1:10101", EnvServiceURL)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), u.Scheme == "https", nil
}

func serving(err error) error { return classified("serve", err) }

// Serve serves on l until ctx ends, and closes l. Requests in progress then have five
// seconds to finish. The error is an [*Error].
func (s Service) Serve(ctx context.Context, l net.Listener) error {
	handler, err := s.Handler()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	log := s.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	server := &http.Server{
		Handler: handler, Protocols: new(http.Protocols), ReadHeaderTimeout: headerLimit,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)

	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return serving(err)
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		err = server.Close()
		<-ended //nolint:errcheck // it says that the server was closed
		return serving(err)
	}
	<-ended //nolint:errcheck // it says that the server was shut down
	return nil
}

// Handler returns the handler that Serve uses: it passes calls to GRPC by their content
// type, and requests to HTTP by the prefix.
func (s Service) Handler() (http.Handler, error) {
	here, err := s.read()
	if err != nil {
		return nil, setup(err)
	}
	pages := http.NotFoundHandler()
	if s.HTTP != nil {
		pages = here.stripped(s.HTTP)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.GRPC != nil && r.ProtoMajor == 2 && isGRPC(r.Header.Get("Content-Type")):
			s.GRPC.ServeHTTP(w, r)
		case r.URL.Path+"/" == here.path:
			http.Redirect(w, r, here.prefix, http.StatusFound)
		case within(r.URL.Path, here.path):
			pages.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	}), nil
}

// stripped passes requests to h without the prefix, however the prefix is escaped in
// their path.
func (s *surroundings) stripped(h http.Handler) http.Handler {
	if s.prefix == "" {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner, address := *r, *r.URL
		address.Path = "/" + strings.TrimPrefix(r.URL.Path, s.path)
		address.RawPath = ""
		if rest, same := strings.CutPrefix(r.URL.RawPath, s.prefix); same {
			address.RawPath = "/" + rest
		}
		inner.URL = &address
		h.ServeHTTP(w, &inner)
	})
}

func isGRPC(contentType string) bool {
	rest, ok := strings.CutPrefix(contentType, "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}
