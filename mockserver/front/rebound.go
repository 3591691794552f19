package front

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
)

// rebound reports whether a page calls by a host name that is not among the origins. To its
// browser the page and the server are of one origin, so that CORS does not keep them apart:
// a foreign name may have been made to point at this machine (DNS rebinding). Only
// browsers send Origin with such calls. Addresses and localhost cannot be rebound.
func (h *Handler) rebound(r *http.Request, method string) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host == "" || origin.Host != r.Host || h.shares(r, method) {
		return false
	}
	name := origin.Hostname()
	_, notAddress := netip.ParseAddr(name)
	return notAddress != nil && name != "localhost"
}

// refuseRebound says how to let such pages in.
func refuseRebound(w http.ResponseWriter, r *http.Request) {
	name, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		name = r.Host
	}
	http.Error(w, "pages of "+name+" may not call this server: name their origin in the server's configuration, or use its address",
		http.StatusForbidden)
}
