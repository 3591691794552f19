package mockserver

import (
	"log/slog"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver/front"
	"github.com/jetway-go/jetway/mockserver/internal/proxyauth"
)

// frontHandler returns what serves the port of the calls with [WithHTTPFront]. Only that
// option names it, so that programs without a front link nothing of it.
func frontHandler(s *Server) (http.Handler, error) {
	return front.New(s.grpc, front.Config{
		Other:      s.mounts.before(s.log.HTTP(s.httpHandler())),
		Answer:     s.answerBare,
		Origins:    s.cfg.origins,
		Shared:     isFlyte,
		MaxMessage: maxMessage,
	})
}

// isFlyte reports whether a method is one of Flyte's, and not one of our own.
func isFlyte(method string) bool {
	return strings.HasPrefix(method, "/flyteidl2.") || strings.HasPrefix(method, "/flyteidl.")
}

// newFront returns the server of the front. Without TLS it speaks unencrypted HTTP/2, as
// gRPC clients do, next to HTTP/1.1.
func (s *Server) newFront() (*http.Server, error) {
	handler, err := s.cfg.front(s)
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler:           s.handlers.guard(handler),
		Protocols:         &http.Protocols{},
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 1 << 16},
		ReadHeaderTimeout: headerTimeout,
		ErrorLog:          slog.NewLogLogger(s.cfg.logger.Handler(), slog.LevelDebug),
	}
	server.Protocols.SetHTTP1(true)
	if s.certs != nil {
		server.Protocols.SetHTTP2(true)
		server.TLSConfig = s.certs.ServerConfig()
		return server, nil
	}
	server.Protocols.SetUnencryptedHTTP2(true)
	return server, nil
}

// answerBare answers a call that a proxy would not let through, or that the script answers
// with bare HTTP, and reports whether it did. It logs calls that no interceptor gets to see.
func (s *Server) answerBare(w http.ResponseWriter, r *http.Request, call front.Call) bool {
	if s.isOwn(r.URL.Path) { // neither the proxy nor the script is in its way
		return false
	}
	if !s.proxy.Admits(r.Header.Values(proxyauth.Header)) {
		s.log.Answered(r, call, codes.Unknown, http.StatusProxyAuthRequired)
		proxyauth.Refuse(w)
		return true
	}
	if answer, ok := s.script.httpAnswer(r); ok {
		s.log.Answered(r, call, codes.Unknown, answer.status())
		answer.write(w)
		return true
	}
	if !call.Mounted {
		s.log.Answered(r, call, codes.Unimplemented, 0)
	}
	return false
}
