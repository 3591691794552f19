package settle

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// HTTP lets the answers of next out once their changes are in j. Below the path objects they
// are in XML, as an object store's; others are the authorization server's, in JSON.
func HTTP(j *kept.Journal, objects string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &writer{ResponseWriter: w, request: r, journal: j, objects: objects + "/", mark: j.Mark()}
		next.ServeHTTP(out, r)
		out.settle()
	})
}

// oauthError is the answer of the authorization server.
func oauthError(text string) []byte {
	body, err := json.Marshal(map[string]string{"error": "server_error", "error_description": text})
	if err != nil {
		return nil // the status says enough
	}
	return body
}

// writer waits before the first byte of an answer.
type writer struct {
	http.ResponseWriter

	request *http.Request
	journal *kept.Journal
	objects string // prefix of paths
	mark    uint64
	waited  bool
	failed  bool // an error was the answer
}

func (w *writer) WriteHeader(code int) {
	if w.settle() {
		w.ResponseWriter.WriteHeader(code)
	}
}

func (w *writer) Write(b []byte) (int, error) {
	if !w.settle() {
		return len(b), nil // the answer is another one
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// settle reports whether the handler's answer may leave.
func (w *writer) settle() bool {
	if w.waited {
		return !w.failed
	}
	w.waited = true
	err := w.journal.Settle(w.request.Context(), w.mark)
	if err == nil {
		return true
	}
	w.failed = true
	code := http.StatusInternalServerError
	if full(err) {
		code = http.StatusInsufficientStorage
	}
	header := w.Header()
	clear(header)
	var body []byte
	if strings.HasPrefix(w.request.URL.Path, w.objects) {
		header.Set("Content-Type", "application/xml")
		body, _ = xml.Marshal(struct { // two texts: it cannot fail
			XMLName xml.Name `xml:"Error"`
			Code    string   `xml:"Code"`
			Message string   `xml:"Message"`
		}{Code: "InternalError", Message: notKeptText(err)})
	} else {
		header.Set("Content-Type", "application/json")
		header.Set("Cache-Control", "no-store")
		body = oauthError(notKeptText(err))
	}
	w.ResponseWriter.WriteHeader(code)
	_, _ = w.ResponseWriter.Write(body) // fails only when the client has gone
	return false
}
