package faults

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// Held is an endpoint's answer that was buffered, so that it can be changed.
type Held struct {
	Status int
	Header http.Header
	Body   []byte
}

// Alter runs next, lets edit change its answer, and sends that.
func Alter(w http.ResponseWriter, r *http.Request, next http.Handler, edit func(*Held)) {
	kept := &recorder{header: http.Header{}}
	next.ServeHTTP(kept, r)
	kept.WriteHeader(http.StatusOK)
	held := Held{Status: kept.status, Header: kept.header, Body: kept.body.Bytes()}
	edit(&held)
	held.Header.Set("Content-Length", strconv.Itoa(len(held.Body)))
	maps.Copy(w.Header(), held.Header)
	w.WriteHeader(held.Status)
	_, _ = w.Write(held.Body)
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

// edit changes an answer if it is a success.
func (p plan) edit(held *Held) {
	if held.Status != http.StatusOK {
		return
	}
	if p.contentType != "" {
		held.Header.Set("Content-Type", p.contentType)
	}
	answer := map[string]any{}
	if p.rewrite == nil || json.Unmarshal(held.Body, &answer) != nil {
		return
	}
	p.rewrite(answer)
	if changed, err := json.Marshal(answer); err == nil {
		held.Body = changed
	}
}
