package mockserver

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/proxyauth"
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
		if !s.oauth.IsPage(r.URL.Path) && !s.proxy.Admits(r.Header.Values(proxyauth.Header)) {
			proxyauth.Refuse(w)
			return
		}
		s.oauth.ServeHTTP(w, r)
	})
	if s.journal == nil {
		return handler
	}
	return settle.HTTP(s.journal, objectsPath, handler)
}

// gate counts running HTTP handlers, so that [Server.Close] can wait for them, which
// net/http's Close does not. The zero value is open.
type gate struct {
	mu     sync.Mutex
	inside int
	shut   chan struct{} // made by close; closed when no handler runs any more
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.shut != nil && g.inside == 0 {
		close(g.shut)
	}
}

// close refuses further handlers. The channel that it returns is closed when the
// last handler has returned.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = make(chan struct{})
	if g.inside == 0 {
		close(g.shut)
	}
	return g.shut
}

// guard counts the requests that next serves.
func (g *gate) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.enter() {
			http.Error(w, "closing", http.StatusServiceUnavailable)
			return
		}
		defer g.leave()
		next.ServeHTTP(w, r)
	})
}
