package mockserver

import (
	"net/http"
	"sync"
)

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
