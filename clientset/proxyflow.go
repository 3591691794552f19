package clientset

import (
	"cmp"
	"io"
	"net/http"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// behind returns n for a login that itself has to pass the proxy in front of the
// backend, without TLS too if plaintext allows that. A client given by the program is
// used as it is.
func (n *network) behind(proxy *auth.Authenticator, e endpoint.Endpoint, plaintext bool) *network {
	if !n.own || e.Host == "" {
		return n
	}
	passing := *n
	hc := *n.http
	hc.Transport = &proxyPass{wrapped: wrapped{n.http.Transport}, host: e.Host, proxy: proxy, plaintext: plaintext}
	passing.http = &hc
	return &passing
}

// release gives up idle connections; n may be nil.
func (n *network) release() {
	if n != nil && n.own {
		n.http.CloseIdleConnections()
	}
}

// proxyPass adds the proxy's credentials to requests for the backend's own host,
// and to no others.
type proxyPass struct {
	wrapped

	host      string
	proxy     *auth.Authenticator
	plaintext bool // credentials may be sent without TLS
}

const proxyHeader = "Proxy-Authorization"

func (p *proxyPass) RoundTrip(r *http.Request) (*http.Response, error) {
	safe := p.plaintext || r.URL.Scheme == "https" || endpoint.IsLoopback(r.URL.Hostname())
	if r.URL.Hostname() != p.host || !safe {
		return p.base.RoundTrip(r)
	}
	creds, err := p.proxy.Credentials(r.Context())
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	answer, err := p.base.RoundTrip(with(r, creds, r.Body))
	if err != nil || answer.StatusCode != http.StatusProxyAuthRequired || r.Body != nil && r.GetBody == nil {
		return answer, err
	}
	fresh, err := p.proxy.Refresh(r.Context(), creds)
	if err != nil || fresh.ID() == "" || fresh == creds {
		return answer, nil //nolint:nilerr // the proxy's own answer says more
	}
	body := r.Body
	if r.GetBody != nil {
		if body, err = r.GetBody(); err != nil {
			return answer, nil //nolint:nilerr // the proxy's own answer says more
		}
	}
	_ = answer.Body.Close()
	return p.base.RoundTrip(with(r, fresh, body))
}

func with(r *http.Request, creds *auth.Credentials, body io.ReadCloser) *http.Request {
	r = r.Clone(r.Context())
	r.Body = body
	if _, value := creds.Header(); value != "" {
		r.Header.Set(cmp.Or(creds.HeaderKey, proxyHeader), value)
	}
	return r
}
