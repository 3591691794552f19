package oauth

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// heldAnswer keeps an endpoint's answer back, so that it can be changed.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *heldAnswer) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

// alter runs next and changes what it answers, if that was a success.
func (p plan) alter(w http.ResponseWriter, r *http.Request, next http.Handler) {
	held := &heldAnswer{header: http.Header{}}
	next.ServeHTTP(held, r)
	held.WriteHeader(http.StatusOK)
	body := held.body.Bytes()
	if held.status == http.StatusOK {
		if p.contentType != "" {
			held.header.Set("Content-Type", p.contentType)
		}
		body = p.edited(body)
	}
	held.header.Set("Content-Length", strconv.Itoa(len(body)))
	maps.Copy(w.Header(), held.header)
	w.WriteHeader(held.status)
	_, _ = w.Write(body)
}

func (p plan) edited(body []byte) []byte {
	answer := map[string]any{}
	if p.rewrite == nil || json.Unmarshal(body, &answer) != nil {
		return body
	}
	p.rewrite(answer)
	changed, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return changed
}
