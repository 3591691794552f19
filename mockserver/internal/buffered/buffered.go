// Package buffered changes answers of an http.Handler before they are sent. The handler's
// answer is buffered as a whole, so an edit can change its status and header too.
//
// Call [Edit].
package buffered

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
)

// Answer is the answer of a handler. Header is never nil.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Edit runs next, lets change edit its answer, and sends that.
func Edit(w http.ResponseWriter, r *http.Request, next http.Handler, change func(*Answer)) {
	kept := &recorder{header: http.Header{}}
	next.ServeHTTP(kept, r)
	kept.WriteHeader(http.StatusOK)
	a := Answer{Status: kept.status, Header: kept.header, Body: kept.body.Bytes()}
	change(&a)
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// recorder is the http.ResponseWriter that buffers an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *recorder) Header() http.Header { return h.header }

func (h *recorder) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *recorder) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}
