package nublado

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"

	"github.com/jetway-go/jetway/interceptors/httpauth"
)

const (
	// maxModel is more than a model of the hub or the lab takes, in bytes.
	maxModel = 4 << 20
	// maxPage is how much of a page, or of an error, is read.
	maxPage = 64 << 10

	// Accept headers: hubs before 4.1 answer 500 to a request without one.
	acceptJSON   = "application/json"
	acceptEvents = "text/event-stream," + acceptJSON
	acceptPage   = "text/html," + acceptJSON + ";q=0.9,*/*;q=0.8"

	// How a browser fetches a page, and what a page of the same origin fetches. Hubs from
	// 4.1 on set XSRF cookies and check them by this.
	navigate   = "navigate"
	sameOrigin = "same-origin"

	xsrfHeader = "X-Xsrftoken" // X-XSRFToken, as Go writes it
)

// request is one request to the hub or the lab.
type request struct {
	op      string
	method  string
	url     *url.URL
	mode    string // Sec-Fetch-Mode; empty means sameOrigin
	accept  string // empty means JSON
	body    []byte
	header  http.Header // more of them; may be nil
	referer bool        // the hub's API wants one with cookies
	lab     bool        // it is for the lab
}

// build returns the request as it is sent.
func (c *Client) build(ctx context.Context, v *visit, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body) // which can be sent again
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), body)
	if err != nil {
		return nil, errors.New("the address or the method is not valid")
	}
	maps.Copy(req.Header, r.header)
	c.sign(req.Header, v, r)
	return req, nil
}

// sign sets the headers that Nublado's client sends with every request.
func (c *Client) sign(h http.Header, v *visit, r request) {
	h.Set("Accept", acceptJSON)
	if r.accept != "" {
		h.Set("Accept", r.accept)
	}
	h.Set("Sec-Fetch-Mode", sameOrigin)
	if r.mode != "" {
		h.Set("Sec-Fetch-Mode", r.mode)
	}
	if r.referer {
		h.Set("Referer", c.where.hub("home").String())
	}
	if value := v.jar.xsrf(r.url); value != "" {
		h.Set(xsrfHeader, value)
	}
}

// send makes one request. Its answer may be anything.
func (c *Client) send(ctx context.Context, v *visit, hc *http.Client, r request) (*http.Response, error) {
	req, err := c.build(ctx, v, r)
	if err != nil {
		return nil, c.fail(v, r, ErrInvalid, err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, c.unsent(v, r, err)
	}
	if to, err := r.url.Parse(resp.Header.Get("Location")); err == nil {
		v.known.addQuery(to, 2)
	}
	return resp, nil
}

// unsent returns the error of http.Client, without the URL. A login that failed after the
// token was rejected has that answer in it.
func (c *Client) unsent(v *visit, r request, err error) error {
	login, ok := errors.AsType[*httpauth.Error](err)
	switch {
	case ok && login.Rejection != nil:
		e := c.fail(v, r, ErrToken, v.known.cause(login.Err))
		e.Status = login.Rejection.StatusCode
		return e
	case ok:
		return c.fail(v, r, ErrNoAnswer, fmt.Errorf("%s: %w", login.Op, v.known.cause(login.Err)))
	}
	return c.fail(v, r, ErrNoAnswer, v.known.cause(err))
}

// open makes one request and returns its answer if that is a success. It follows no
// redirect.
func (c *Client) open(ctx context.Context, v *visit, hc *http.Client, r request) (*http.Response, error) {
	resp, err := c.send(ctx, v, hc, r)
	if err != nil {
		return nil, err
	}
	if isSuccess(resp.StatusCode) {
		return resp, nil
	}
	return nil, c.refusal(v, r, resp)
}

func isSuccess(status int) bool {
	return status >= http.StatusOK && status < http.StatusMultipleChoices
}

// call makes one request and returns the body of its answer, of at most so many bytes.
func (c *Client) call(ctx context.Context, v *visit, hc *http.Client, r request, most int64) ([]byte, error) {
	resp, err := c.open(ctx, v, hc, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return nil, c.fail(v, r, ErrNoAnswer, fmt.Errorf("reading the answer: %w", v.known.cause(err)))
	case int64(len(body)) > most:
		return nil, c.odd(v, r, resp, fmt.Errorf("it has more than %d bytes", most))
	}
	return body, nil
}

// fail returns the error of a request.
func (c *Client) fail(v *visit, r request, kind, err error) *APIError {
	e := &APIError{Op: r.op, User: c.where.user, Kind: kind, Err: err}
	if r.url != nil {
		e.URL = bare(r.url)
		if v != nil {
			e.URL = v.known.scrub(e.URL)
		}
	}
	if r.lab && v != nil && (errors.Is(kind, ErrLabNotRunning) || errors.Is(kind, ErrNotLoggedIn)) {
		v.inLab.Store(false) // the next call logs in to the lab again
	}
	return e
}

// odd returns the error of an answer of the wrong form.
func (c *Client) odd(v *visit, r request, resp *http.Response, err error) *APIError {
	e := c.fail(v, r, ErrAnswer, err)
	e.Status = resp.StatusCode
	return e
}
