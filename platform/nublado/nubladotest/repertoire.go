package nubladotest

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// Document is one of service discovery that knows of Nublado and of nothing else.
func Document(nubladoURL string) map[string]any {
	return map[string]any{"services": map[string]any{"ui": map[string]any{"nublado": map[string]any{"url": nubladoURL}}}}
}

// DocumentWithGafaelfawr is [Document] with the API that makes tokens.
func DocumentWithGafaelfawr(nubladoURL, apiURL string) map[string]any {
	d := Document(nubladoURL)
	d["services"].(map[string]any)["internal"] = map[string]any{ //nolint:forcetypeassert // Document has made it
		"gafaelfawr": map[string]any{"versions": map[string]any{"v1": map[string]any{"url": apiURL}}},
	}
	return d
}

// Repertoire is service discovery: an http.Handler that answers GET …/discovery with
// a document, and refuses all that a real client does not send. It is safe for
// concurrent use.
type Repertoire struct {
	mu         sync.Mutex
	document   any
	status     int
	fetches    int
	violations []string
}

// NewRepertoire makes a Repertoire, which does not listen; it answers with document.
// A string goes out as it is.
func NewRepertoire(document any) *Repertoire { return &Repertoire{document: document} }

// Set changes the document.
func (s *Repertoire) Set(document any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.document = document
}

// Fail makes every answer an HTTP error of this status; 0 ends that.
func (s *Repertoire) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Fetches is how many requests for the document arrived.
func (s *Repertoire) Fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// Violations is what a real client would not have sent.
func (s *Repertoire) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

// ServeHTTP answers with the document.
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
		return "credentials, which discovery does not ask for"
	default:
		return ""
	}
}
