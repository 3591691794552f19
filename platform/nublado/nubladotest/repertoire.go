package nubladotest

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// Document returns a document of service discovery that lists Nublado and nothing else.
func Document(nubladoURL string) map[string]any {
	return map[string]any{"services": map[string]any{"ui": map[string]any{"nublado": map[string]any{"url": nubladoURL}}}}
}

// DocumentWithGafaelfawr returns [Document] with the API that creates tokens.
func DocumentWithGafaelfawr(nubladoURL, apiURL string) map[string]any {
	d := Document(nubladoURL)
	d["services"].(map[string]any)["internal"] = map[string]any{ //nolint:forcetypeassert // as Document makes it
		"gafaelfawr": map[string]any{"versions": map[string]any{"v1": map[string]any{"url": apiURL}}},
	}
	return d
}

// Repertoire is service discovery: an http.Handler that answers GET …/discovery with
// a document, and rejects requests that a correct client does not send. It is safe for
// concurrent use.
type Repertoire struct {
	mu         sync.Mutex
	document   any
	status     int
	fetches    int
	violations []string
}

// NewRepertoire makes a Repertoire, which does not listen. It answers with document, as
// JSON; a string is sent as it is.
func NewRepertoire(document any) *Repertoire { return &Repertoire{document: document} }

// Set replaces the document.
func (s *Repertoire) Set(document any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.document = document
}

// Fail answers every request with this HTTP status; 0 ends that.
func (s *Repertoire) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Fetches returns how many requests for the document arrived.
func (s *Repertoire) Fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// Violations returns what a correct client would not have sent, a line per request.
func (s *Repertoire) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

// ServeHTTP serves the document.
func (s *Repertoire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		_, _ = w.Write([]byte(text)) // a client that has gone cannot be helped
		return
	}
	_ = json.NewEncoder(w).Encode(s.document) //nolint:errchkjson // a client that has gone cannot be helped
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
		return "credentials, which discovery does not require"
	default:
		return ""
	}
}
