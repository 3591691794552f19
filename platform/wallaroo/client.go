package wallaroo

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

	"github.com/jetway-go/jetway/interceptors/httpauth"
)

const (
	apiPath = "/v1/api/"

	// maxAnswer is how long an answer may be, in bytes, and maxInference one with results.
	maxAnswer    = 16 << 20
	maxInference = 256 << 20
	// maxRefusal is how long an answer to records may be, in bytes, to be an error.
	maxRefusal = 1 << 20

	contentJSON = "application/json"
)

// Client calls Wallaroo's API: workspaces, pipelines, deployments, inference, GraphQL.
// Make one with [NewClient]. It has no state and is safe for concurrent use. Its errors
// are [*APIError], except where a method names another.
type Client struct {
	hc      http.Client
	base    string // without a slash at its end
	origins httpauth.Origins
	wrong   error // of base or origins
}

// NewClient returns a client for the API at base, the URL of the instance. Requests are
// made with hc, which has the login and the time limits; with a ClientSet:
//
//	api := wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
//
// The origins are further servers (scheme, host and port) that inference requests may go
// to, beside base. A base or an origin that is no URL is the error of every call.
func NewClient(hc *http.Client, base string, origins ...string) *Client {
	c := &Client{base: strings.TrimRight(base, "/")}
	if hc != nil {
		c.hc = *hc
	}
	// A redirect of this API leads to a login page; following it would turn POST into GET.
	c.hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.origins, c.wrong = httpauth.ParseOrigins(append([]string{c.base}, origins...)...)
	return c
}

// String returns the address. It contains no secret.
func (c *Client) String() string {
	if c.wrong != nil {
		return "wallaroo client"
	}
	return "wallaroo client of " + c.base
}

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Format is String for every verb: fmt would print the transport, with the login in it.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// MarshalText makes String what slog and encoding/json write.
func (c *Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Config returns the global configuration of the instance, by name. It needs no login,
// and none is sent.
func (c *Client) Config(ctx context.Context) (map[string]json.RawMessage, error) {
	var config map[string]json.RawMessage
	err := c.do(httpauth.WithoutCredentials(ctx), request{op: "config", url: c.base + apiPath + "config", limit: maxAnswer}, &config)
	return config, err
}

// request is one request of the API.
type request struct {
	op    string // such as workspaces/list, for errors
	url   string
	kind  string // content type of the body
	body  []byte // nil: it is a GET
	limit int64  // of the answer
}

// post calls one of the API's verbs. Answer may be nil.
func (c *Client) post(ctx context.Context, op string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return &APIError{Op: op, Err: err}
	}
	return c.do(ctx, request{op: op, url: c.base + apiPath + op, kind: contentJSON, body: encoded, limit: maxAnswer}, answer)
}

// do sends a request and decodes its answer.
func (c *Client) do(ctx context.Context, q request, answer any) error {
	got, err := c.send(ctx, q)
	switch {
	case err != nil:
		return err
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(got.body, answer); err != nil {
		return &APIError{Op: q.op, Status: got.status, Err: fmt.Errorf("%w: %w", ErrAnswer, decodingError(err))}
	}
	return nil
}

// reply is an answer that is no refusal.
type reply struct {
	status int
	body   []byte
}

// send sends a request. An answer that refuses it is an error.
func (c *Client) send(ctx context.Context, q request) (reply, error) {
	if c.wrong != nil {
		return reply{}, &APIError{Op: q.op, Err: c.wrong}
	}
	method, body := http.MethodGet, io.Reader(nil)
	if q.body != nil {
		method, body = http.MethodPost, bytes.NewReader(q.body) // which can be sent again
	}
	r, err := http.NewRequestWithContext(ctx, method, q.url, body)
	if err != nil {
		return reply{}, &APIError{Op: q.op, Err: err}
	}
	r.Header.Set("Accept", contentJSON)
	if q.body != nil {
		r.Header.Set("Content-Type", q.kind)
	}
	answer, err := c.hc.Do(r)
	if err != nil {
		failed := unanswered(err)
		failed.Op = q.op
		return reply{}, failed
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, q.limit+1))
	switch {
	case err != nil:
		return reply{}, &APIError{Op: q.op, Status: answer.StatusCode, Err: fmt.Errorf("read the answer: %w", err)}
	case int64(len(content)) > q.limit:
		return reply{}, &APIError{Op: q.op, Status: answer.StatusCode, Err: fmt.Errorf("%w: it is longer than %d MiB", ErrAnswer, q.limit>>20)}
	}
	if q.kind == recordsJSON && answer.StatusCode < 300 && len(content) > maxRefusal { // results, not worth another reading
		return reply{answer.StatusCode, content}, nil
	}
	if refused := refusal(answer, content); refused != nil {
		refused.Op = q.op
		return reply{status: answer.StatusCode, body: content}, refused
	}
	return reply{answer.StatusCode, content}, nil
}

// allowed reports whether an address that the instance named may be used.
func (c *Client) allowed(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New("the inference address is not a URL")
	case u.User != nil:
		return errors.New("the inference address has a user name in it")
	case !c.origins.Allow(u):
		return fmt.Errorf("%w: the inference address is at %s://%s, and the client is for %s; add that origin to NewClient if you trust it",
			ErrOrigin, u.Scheme, u.Host, c.base)
	}
	return nil
}

// decodingError returns the error of encoding/json without what it quotes of the answer.
func decodingError(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("%s is not of type %s", wrong.Field, wrong.Type)
	}
	return errors.New("it is not valid JSON of the expected form")
}
