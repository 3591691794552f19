// Package repertoire is a mock of Repertoire: it answers GET …/discovery with a
// document, and refuses everything that a real client does not send.
package repertoire

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// Minimal is a document that knows of Nublado and of nothing else.
func Minimal(nubladoURL string) map[string]any {
	return map[string]any{"services": map[string]any{"ui": map[string]any{"nublado": map[string]any{"url": nubladoURL}}}}
}

// WithGafaelfawr is [Minimal] with the API that makes tokens.
func WithGafaelfawr(nubladoURL, apiURL string) map[string]any {
	d := Minimal(nubladoURL)
	d["services"].(map[string]any)["internal"] = map[string]any{ //nolint:forcetypeassert // Minimal has made it
		"gafaelfawr": map[string]any{"versions": map[string]any{"v1": map[string]any{"url": apiURL}}},
	}
	return d
}

// Server is the mock. Safe for concurrent use.
type Server struct {
	mu         sync.Mutex
	document   any
	status     int
	fetches    int
	violations []string
}

// New makes a Server that answers with document; a string goes out as it is.
func New(document any) *Server { return &Server{document: document} }

// Set changes the document.
func (s *Server) Set(document any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.document = document
}

// Fail makes every answer an HTTP error of this status; 0 ends that.
func (s *Server) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Fetches is how many requests for the document arrived.
func (s *Server) Fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// Violations is what a real client would not have sent.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

// ServeHTTP answers with the document.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if problem := wrong(r); problem != "" {
		s.violations = append(s.violations, problem)
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	s.fetches++
	if s.status != 0 {
		http.Error(w, "out of order", s.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if text, ok := s.document.(string); ok {
		_, _ = w.Write([]byte(text)) // the client's loss
		return
	}
	_ = json.NewEncoder(w).Encode(s.document) //nolint:errchkjson // what cannot be written is the client's loss
}

func wrong(r *http.Request) string {
	switch {
	case r.Method != http.MethodGet:
		return "method " + r.Method
	case !strings.HasSuffix(r.URL.Path, "/discovery") || strings.Contains(r.URL.Path, "//"):
		return "path " + r.URL.Path
	case r.URL.RawQuery != "":
		return "a query"
	case r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "":
		return "credentials, where nobody wants any"
	default:
		return ""
	}
}
