package jupyterhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxModel is more than a page of users with their servers takes, in bytes.
	maxModel = 16 << 20
	// maxRefusal is more than an error of the hub takes, in bytes.
	maxRefusal = 64 << 10

	acceptJSON  = "application/json" // always sent: hubs before 4.1 answer 500 without an Accept
	acceptPages = "application/jupyterhub-pagination+json," + acceptJSON
	// A proxy with a login page answers a program properly if it reads this exact item.
	acceptEvents = "text/event-stream," + acceptJSON
)

// Client calls the hub's REST API: its users, groups, tokens, servers and services. Make
// one with [NewClient]. It is safe for concurrent use. Errors are [*APIError].
//
// A user's server has a name; the empty name is the default server.
type Client struct {
	calls  *http.Client // follows no redirect
	stream *http.Client // and has no time limit
	base   string       // without a slash at its end
	wrong  error        // why base is none
	idle   time.Duration
	pause  time.Duration
}

// NewClient returns a client for the hub's API at base, such as
// https://hub.example.com/hub/api, that sends its requests with hc. The requests need
// credentials, which hc attaches: with a ClientSet from a [Resolver] call
//
//	jupyterhub.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
//
// Redirects are not followed. A Timeout of hc does not apply to [Client.Progress]. A nil
// hc sends requests without credentials. If base is not a URL, every call says so.
func NewClient(hc *http.Client, base string) *Client {
	if hc == nil {
		hc = &http.Client{}
	}
	calls := *hc
	calls.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	stream := calls
	stream.Timeout = 0
	c := &Client{calls: &calls, stream: &stream, idle: 30 * time.Second, pause: time.Second}
	c.base = strings.TrimRight(strings.TrimSpace(base), "/")
	if u, err := url.Parse(c.base); err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		c.wrong = errors.New("the base is not a URL such as https://hub.example.com/hub/api, without user and query")
	}
	return c
}

// Call makes any other request to the API, for what this type has no method for. The path
// is below the base, such as /proxy, and may have a query; escape the names in it with
// url.PathEscape. A body that is not nil is sent as JSON, and an answer that is not nil is
// decoded from JSON. The base may also be that of a user's server, such as
// https://hub.example.com/user/ada/api: while that does not run, the error is
// [ErrServerNotRunning].
func (c *Client) Call(ctx context.Context, method, path string, body, answer any) error {
	clean, query, _ := strings.Cut(path, "?")
	at := request{op: "call", subject: method + " " + clean, method: method, body: body}
	if at.path = clean; !strings.HasPrefix(clean, "/") {
		at.path = "/" + clean
	}
	at.rawQuery = query
	_, err := c.do(ctx, at, answer)
	return err
}

// request is one request to the API.
type request struct {
	op, subject string
	method      string
	path        string // escaped, with a slash at its beginning
	rawQuery    string
	body        any    // nil: none
	accept      string // empty: JSON
	own         bool   // only an invalid token is forbidden this
	starts      bool   // a 500 is a spawn that failed
	wrong       error  // why it cannot be sent
}

// to returns a request for the resource with these names: fixed ones and others in turn,
// such as users, ada, tokens, a4.
func to(op, subject, method string, names ...string) request {
	r := request{op: op, subject: subject, method: method}
	var path strings.Builder
	for _, name := range names {
		if name == "" || name == "." || name == ".." { // which would be another resource
			r.wrong = fmt.Errorf("%w: %q is no name", ErrBadRequest, name)
		}
		path.WriteString("/" + url.PathEscape(name))
	}
	r.path = path.String()
	return r
}

func (r request) with(body any) request { r.body = body; return r }

// do makes a request and decodes the answer, unless that is nil.
func (c *Client) do(ctx context.Context, r request, answer any) (status int, err error) {
	resp, err := c.open(ctx, c.calls, r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxModel+1))
	switch {
	case err != nil:
		return 0, r.fail(err)
	case len(body) > maxModel:
		return 0, r.fail(fmt.Errorf("%w: it has more than %d MiB", ErrAnswer, maxModel>>20))
	case answer == nil:
		return resp.StatusCode, nil
	}
	if err := decode(body, answer); err != nil {
		return 0, r.refused(resp.StatusCode, fmt.Errorf("%w: %w", ErrAnswer, err))
	}
	return resp.StatusCode, nil
}

// decode returns an error that does not quote the answer, which may hold a token.
func decode(body []byte, answer any) error {
	err := json.Unmarshal(body, answer)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("its field %q has another type", cleaned(wrong.Field))
	}
	if err != nil {
		return errors.New("it is not JSON; is the base the address of the hub's API, such as https://hub.example.com/hub/api?")
	}
	return nil
}

// open makes a request and returns its answer if that is a success.
func (c *Client) open(ctx context.Context, hc *http.Client, r request) (*http.Response, error) {
	req, err := c.build(ctx, r)
	if err != nil {
		return nil, r.fail(err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, r.unsent(err)
	}
	if resp.StatusCode >= http.StatusOK && resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // the status is what counts
	return nil, r.judge(resp, body)
}

func (c *Client) build(ctx context.Context, r request) (*http.Request, error) {
	switch {
	case c.wrong != nil:
		return nil, c.wrong
	case r.wrong != nil:
		return nil, r.wrong
	}
	var content io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("the body is not possible as JSON: %w", err)
		}
		content = bytes.NewReader(text) // which can be sent again
	}
	address := c.base + r.path
	if r.rawQuery != "" {
		address += "?" + r.rawQuery
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, content)
	if err != nil {
		return nil, errors.New("the path or the method is not valid")
	}
	req.Header.Set("Accept", acceptJSON)
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	if content != nil {
		req.Header.Set("Content-Type", acceptJSON)
	}
	return req, nil
}
