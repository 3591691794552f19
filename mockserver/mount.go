package mockserver

import (
	"net/http"
	"strings"
	"sync"
)

// mounts are handlers that programs have added to the HTTP side.
type mounts struct {
	mu   sync.RWMutex
	list []mount
}

type mount struct {
	path    string
	handler http.Handler
}

// Mount serves path, such as "/console", and everything below it by h: on the HTTP side,
// and with [WithHTTPFront] on the port of the gRPC services too. Such requests are neither
// logged nor is anything demanded of them; h has to check them. The server does not close
// while h serves a request, whose context ends when the server closes. Given again, the
// path gets the new handler.
//
// Objects are served in a sandbox from then on: a page that a client has uploaded is of
// another origin than h.
func (s *Server) Mount(path string, h http.Handler) {
	m := &s.mounts
	m.mu.Lock()
	defer m.mu.Unlock()
	path = strings.TrimRight(path, "/")
	for i := range m.list {
		if m.list[i].path == path {
			m.list[i].handler = h
			return
		}
	}
	m.list = append(m.list, mount{path, h})
}

func (m *mounts) at(path string) http.Handler {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, at := range m.list {
		if rest, ok := strings.CutPrefix(path, at.path); ok && (rest == "" || rest[0] == '/') {
			return at.handler
		}
	}
	return nil
}

// any reports whether anything is mounted.
func (m *mounts) any() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.list) > 0
}

// before serves what is mounted, and everything else by next.
func (m *mounts) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := m.at(r.URL.Path); h != nil {
			h.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
