package kubeflow

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

const (
	apiPath    = "/apis/v2beta1"
	maxRefusal = 64 << 10 // more than an error takes, in bytes
)

// Client does what the API has over HTTP only: uploads, and the health check. Make one with
// [NewClient]. It is safe for concurrent use. Errors are [*APIError]. Everything else is
// called by stubs, over gRPC or on the client set's HTTPConn.
type Client struct {
	http  http.Client // follows no redirect
	base  string      // without a slash at its end
	wrong error       // why base is none
}

// NewClient returns a client for the API at base, in front of /apis, that sends its
// requests with hc, which attaches the credentials. With a ClientSet from a [Resolver] call
//
//	kubeflow.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
//
// Redirects are not followed. A nil hc sends requests without credentials. If base is not a
// URL, every call says so.
func NewClient(hc *http.Client, base string) *Client {
	c := &Client{base: strings.TrimRight(strings.TrimSpace(base), "/")}
	if hc != nil {
		c.http = *hc
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	u, err := url.Parse(c.base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		c.wrong = errors.New("the base is not a URL such as https://kubeflow.example.com/pipeline, without user and query")
	}
	return c
}

// Health is what the API server says of itself.
type Health struct {
	Commit    string `json:"commit_sha"`
	Tag       string `json:"tag_name"`
	MultiUser bool   `json:"multi_user"` // requests name a namespace, and callers log in
}

// Health asks the API server how it is. The server itself wants no credentials for that, a
// proxy in front of it may.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var h Health
	err := c.get(ctx, call{op: "check health"}, "/healthz", nil, &h)
	return h, err
}

// get reads a JSON answer.
func (c *Client) get(ctx context.Context, of call, path string, query url.Values, answer any) error {
	r, err := c.request(ctx, http.MethodGet, path, query)
	if err != nil {
		return of.fail(err)
	}
	return c.do(r, of, answer)
}

// request returns a request without a body.
func (c *Client) request(ctx context.Context, method, path string, query url.Values) (*http.Request, error) {
	if c.wrong != nil {
		return nil, c.wrong
	}
	address := c.base + apiPath + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return nil, errors.New("the base makes no URL")
	}
	r.Header.Set("Accept", "application/json") // a proxy with a login page then answers 401
	return r, nil
}

// do sends a request and decodes its answer, unless answer is nil.
func (c *Client) do(r *http.Request, of call, answer any) error {
	resp, err := c.http.Do(r)
	if err != nil {
		return of.unsent(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case resp.StatusCode != http.StatusOK:
		return of.judge(resp, body[:min(len(body), maxRefusal)])
	case err != nil:
		return of.unsent(err)
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		e := of.answered(resp.StatusCode, ErrAnswer)
		if e.Message = aPage; !isPage(body) { // the links of a login page have its state
			e.Message = fault.Foreign(string(body[:min(len(body), maxRefusal)]), fault.MaxForeign)
		}
		return e
	}
	return nil
}
