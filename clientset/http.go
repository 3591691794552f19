package clientset

import (
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// web is the side of a ClientSet for HTTP requests.
type web struct {
	set      *ClientSet
	base     string // without a slash at its end; empty: there is no HTTP API
	origins  httpauth.Origins
	next     *httpauth.Transport
	conns    *conns // those of an *http.Transport
	untraced bool   // next ends in another transport, whose connections are not in conns
	client   http.Client
	attach   grpc.UnaryClientInterceptor // for HTTPConn
}

// HTTPClient returns the client for the backend's HTTP API. Its requests carry the login,
// for the origins of the target or of [WithHTTPBase] only, the user agent and an
// x-request-id, and have the TLS and proxy settings of the options. A request whose
// credentials the backend rejects is sent once more with others; see package httpauth. GET,
// HEAD, OPTIONS and TRACE are repeated after transient failures, see [WithRetries].
//
// Redirects of GET and HEAD to these origins are followed; any other redirect is the
// answer. There is no time limit but that of the request's context. Closing the ClientSet
// ends its requests; upgraded connections too, unless [WithHTTPClient] has a transport that
// is not an *http.Transport. Without an HTTP base every request fails with [ErrNoHTTP]. All
// calls return the same client; do not change it.
func (c *ClientSet) HTTPClient() *http.Client {
	if c.web == nil {
		return &http.Client{Transport: refusing{c.fail(opCall, errForConn)}}
	}
	return &c.web.client
}

// HTTPURL returns the URL of a path of the HTTP API, which may have a query. Escape what
// you put into it with url.PathEscape and url.QueryEscape. Without an HTTP base it returns
// path, and HTTPClient refuses that.
func (c *ClientSet) HTTPURL(path string) string {
	if c.web == nil || c.web.base == "" {
		return path
	}
	if path == "" || path[0] == '?' {
		return c.web.base + path
	}
	return c.web.base + "/" + strings.TrimPrefix(path, "/")
}

// place parses the endpoint; without one, what the HTTP base says of the host.
func (c *config) place(address string) (endpoint.Endpoint, error) {
	if strings.TrimSpace(address) != "" || c.httpBase == "" {
		return c.parse(address)
	}
	c.httpOnly = true
	if _, err := httpauth.ParseOrigins(c.httpBase); err != nil {
		return endpoint.Endpoint{}, err
	}
	u, err := url.Parse(c.httpBase)
	if err != nil {
		return endpoint.Endpoint{}, err
	}
	e, err := endpoint.Parse(u.Scheme + "://" + u.Host)
	e.Key += strings.TrimSuffix(u.EscapedPath(), "/") // one host may have several systems
	if c.configStore == nil {                         // there is no connection to ask for it
		c.configStore = configstore.Static(configstore.ClientConfig{})
	}
	return e, err
}

// assembleHTTP makes the HTTP side of set.
func (c *config) assembleHTTP(set *ClientSet, n *network, proxy *auth.Authenticator) error {
	w := &web{set: set, base: strings.TrimSuffix(c.httpBase, "/"), conns: newConns()}
	set.web = w
	w.attach = c.httpAttach(set)
	w.client = http.Client{Transport: w, CheckRedirect: w.checkRedirect}
	if w.base == "" {
		w.client.Transport = refusing{set.fail(opCall, ErrNoHTTP)}
		return nil
	}
	origins := append([]string{w.base}, c.origins...)
	var err error
	if w.origins, err = httpauth.ParseOrigins(origins...); err != nil {
		return err
	}
	base := c.httpTransport(w, n)
	if proxy != nil {
		base = &proxyPass{wrapped: wrapped{base}, host: w.host(), proxy: proxy, plaintext: c.plaintextCredentials}
	}
	w.next = httpauth.New(c.httpSource(set), &repeater{wrapped: wrapped{base}, most: c.retries, closed: set.closed}, c.httpOptions(origins)...)
	return nil
}

// bare reports whether requests to the base must carry no credentials.
func (w *web) bare(plaintextAllowed bool) bool {
	u, err := url.Parse(w.base)
	return err == nil && u.Scheme == "http" && !plaintextAllowed && !endpoint.IsLoopback(u.Hostname())
}

func (w *web) host() string {
	if u, err := url.Parse(w.base); err == nil {
		return u.Hostname()
	}
	return ""
}

func (c *config) httpSource(set *ClientSet) httpauth.Source {
	if set.auth == nil { // not the interface of a nil pointer
		return nil
	}
	return set.auth
}

func (c *config) httpOptions(origins []string) []httpauth.Option {
	opts := []httpauth.Option{
		httpauth.WithOrigins(origins...),
		httpauth.WithRejected(c.rejected),
		httpauth.WithLogger(c.logger),
		httpauth.WithHeader("User-Agent", c.agent()),
	}
	if !c.withoutRequestID {
		opts = append(opts, httpauth.WithRequestID())
	}
	if c.plaintextCredentials {
		opts = append(opts, httpauth.WithPlaintextCredentials())
	}
	return opts
}

// httpTransport returns the transport below, with the settings of that for logins but
// connections of its own, which Close can end.
func (c *config) httpTransport(w *web, n *network) http.RoundTripper {
	hc := c.httpClient
	if hc == nil {
		hc = newHTTPClient(&network{tls: n.tls, proxy: n.proxy, agent: n.agent}, c.dialTCP)
		if t, ok := hc.Transport.(*http.Transport); ok {
			t.DialTLSContext = nil // the connection that is opened early is for the login
		}
	}
	given := transportOf(hc)
	t, ok := given.(*http.Transport)
	if !ok || t.DialTLSContext != nil || t.DialTLS != nil || t.Dial != nil { //nolint:staticcheck // a program may use the old fields
		w.untraced = true
		return given
	}
	t = t.Clone()
	t.DialContext = w.conns.dialing(t.DialContext)
	if c.httpClient == nil {
		t.MaxIdleConnsPerHost = idlePerHost
	}
	return t
}

// idlePerHost is how many idle connections are kept, for a server without HTTP/2.
const idlePerHost = 32

// maxRedirects is that of net/http.
const maxRedirects = 10

// checkRedirect lets a redirect that is not followed be the answer: an error of this
// function would have the whole URL in its text.
func (w *web) checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0].Method
	reads := first == "" || first == http.MethodGet || first == http.MethodHead
	if reads && len(via) < maxRedirects && w.origins.Allow(r.URL) {
		return nil
	}
	return http.ErrUseLastResponse
}

// refusing answers every request with an error.
type refusing struct{ err error }

func (t refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return nil, t.err
}
