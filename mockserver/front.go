package mockserver

import (
	"log/slog"
	"net/http"
	"strings"
)

// newFront returns the HTTP/2 server that [WithHTTPFront] puts in front of gRPC. Without
// TLS it speaks unencrypted HTTP/2, as gRPC clients do.
func (s *Server) newFront() *http.Server {
	server := &http.Server{
		Handler:           s.handlers.guard(s.frontHandler()),
		Protocols:         &http.Protocols{},
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 1 << 16},
		ReadHeaderTimeout: headerTimeout,
		ErrorLog:          slog.NewLogLogger(s.cfg.logger.Handler(), slog.LevelDebug),
	}
	server.Protocols.SetHTTP1(true)
	if s.certs != nil {
		server.Protocols.SetHTTP2(true)
		server.TLSConfig = s.certs.serverConfig()
		return server
	}
	server.Protocols.SetUnencryptedHTTP2(true)
	return server
}

func (s *Server) frontHandler() http.Handler {
	web := s.mounts.before(s.logHTTP(s.httpHandler()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			web.ServeHTTP(w, r)
			return
		}
		if !s.proxy.admits(r.Header.Values(proxyHeader)) {
			s.logFrontAnswer(r, HTTPAnswer{Status: http.StatusProxyAuthRequired})
			refuseByProxy(w)
			return
		}
		if answer, ok := s.script.httpAnswer(r); ok {
			s.logFrontAnswer(r, answer)
			answer.write(w)
			return
		}
		s.grpc.ServeHTTP(w, r)
	})
}

// HTTPAnswer is a bare HTTP answer to a call, as a proxy sends it.
type HTTPAnswer struct {
	// Status is the HTTP status; zero means 401.
	Status int
	// ContentType is the media type of Body; empty means text/html if there is a
	// Body, and no such header otherwise.
	ContentType string
	// Body is sent as it is; may be empty.
	Body string
	// Location is where a redirect points; empty leaves the header out.
	Location string
}

func (a HTTPAnswer) status() int {
	if a.Status == 0 {
		return http.StatusUnauthorized
	}
	return a.Status
}

func (a HTTPAnswer) write(w http.ResponseWriter) {
	h := w.Header()
	switch {
	case a.ContentType != "":
		h.Set("Content-Type", a.ContentType)
	case a.Body != "":
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	if a.Location != "" {
		h.Set("Location", a.Location)
	}
	w.WriteHeader(a.status())
	_, _ = w.Write([]byte(a.Body)) // fails only when the client has gone
}
