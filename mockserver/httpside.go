package mockserver

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/settle"
)

// objectsPath is the object store's path on the HTTP side.
const objectsPath = "/objects"

const headerTimeout = 10 * time.Second

// newHTTP makes the HTTP side: authorization server, object store and index.
func (s *Server) newHTTP() *http.Server {
	server := &http.Server{
		Handler:           s.handlers.guard(s.mounts.before(s.log.HTTP(s.httpHandler()))),
		ReadHeaderTimeout: headerTimeout,
		ErrorLog:          slog.NewLogLogger(s.cfg.logger.Handler(), slog.LevelDebug),
	}
	if s.certs != nil {
		server.TLSConfig = s.certs.ServerConfig()
	}
	return server
}

func (s *Server) httpHandler() http.Handler {
	objects := http.StripPrefix(objectsPath, s.objects)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, objectsPath+"/") {
			if s.mounts.any() {
				w.Header().Set("Content-Security-Policy", "sandbox allow-scripts")
			}
			objects.ServeHTTP(w, r)
			return
		}
		if isIndex(r) {
			s.serveIndex(w)
			return
		}
		if !s.oauth.IsPage(r.URL.Path) && !s.proxy.admits(r.Header.Values(proxyHeader)) {
			refuseByProxy(w)
			return
		}
		s.oauth.ServeHTTP(w, r)
	})
	if s.journal == nil {
		return handler
	}
	return settle.HTTP(s.journal, objectsPath, handler)
}
