package front

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// preflightSeconds is how long a browser may remember the answer to a preflight request.
const preflightSeconds = "600"

// readOrigins returns the set of origins, or an error for a text that is no origin.
func readOrigins(origins []string) (map[string]bool, error) {
	set := make(map[string]bool, len(origins))
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || strings.Contains(u.Host, "*") || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return nil, fmt.Errorf("%q is no origin: want scheme, host and port only, such as http://localhost:5173", origin)
		}
		set[origin] = true
	}
	return set, nil
}

// shares reports whether pages of the request's origin may call a method.
func (h *Handler) shares(r *http.Request, method string) bool {
	return h.origins[r.Header.Get("Origin")] && (h.cfg.Shared == nil || h.cfg.Shared(method))
}

// preflight answers a browser that asks whether a page may make a call, and reports
// whether it did.
func (h *Handler) preflight(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions || !isMethodName(r.URL.Path) || !h.shares(r, r.URL.Path) {
		return false
	}
	h.share(w, r, r.URL.Path)
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", "GET, POST")
	// Clients name metadata as they like, so that there is no list of what they may send.
	if wanted := r.Header.Values("Access-Control-Request-Headers"); len(wanted) > 0 {
		header.Set("Access-Control-Allow-Headers", strings.Join(wanted, ", "))
	}
	header.Set("Access-Control-Max-Age", preflightSeconds)
	w.WriteHeader(http.StatusNoContent)
	return true
}

// share lets a page of an allowed origin read the answer.
func (h *Handler) share(w http.ResponseWriter, r *http.Request, method string) {
	if len(h.origins) == 0 {
		return
	}
	header := w.Header()
	header.Add("Vary", "Origin")
	if !h.shares(r, method) {
		return
	}
	header.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	header.Set("Access-Control-Expose-Headers",
		"Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, Grpc-Encoding, Connect-Content-Encoding, Content-Encoding")
}
