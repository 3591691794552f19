package nublado

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
)

const (
	// maxHops is how many redirects are followed; a login at a lab takes five.
	maxHops = 20
	// maxVisits is how often one address may be in them. A login returns to where it began.
	maxVisits = 2
)

// page is where a walk ended.
type page struct {
	url    *url.URL
	status int // zero if the page was not requested
	header http.Header
	body   []byte
}

// walk makes a request and follows redirects within Nublado, with GET and the same headers,
// until a page or an address that is an end.
func (c *Client) walk(ctx context.Context, v *visit, r request, end func(*url.URL) bool) (page, error) {
	visits := map[string]int{}
	for range maxHops {
		key := r.method + " " + r.url.String()
		if visits[key]++; visits[key] > maxVisits {
			return page{}, c.fail(v, r, ErrRedirect, errors.New("the redirects go round in a loop"))
		}
		resp, err := c.send(ctx, v, v.calls, r)
		if err != nil {
			return page{}, err
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxPage)) // the status is what counts
		_ = resp.Body.Close()
		switch {
		case isSuccess(resp.StatusCode):
			return page{r.url, resp.StatusCode, resp.Header, body}, nil
		case !isRedirect(resp.StatusCode):
			return page{}, c.refused(v, r, resp, body)
		}
		to, err := c.where.follow(r.url, resp.Header.Get("Location"))
		switch {
		case err != nil, c.isStopped(r, to), isLogin(r.url, to, resp), !c.mayFollow(r, to, resp.StatusCode):
			return page{}, c.refused(v, r, resp, body)
		case end(to):
			return page{url: to}, nil
		}
		if lab := c.where.labAt(originOf(to)); lab != nil {
			v.lab.Store(lab)
		}
		r.method, r.url, r.body, r.header = http.MethodGet, to, nil, nil
	}
	return page{}, c.fail(v, r, ErrRedirect, errors.New("there are too many redirects"))
}

// mayFollow reports whether a redirect of this request may be followed: never by sending a
// body again, and not to a login that would lose it.
func (c *Client) mayFollow(r request, to *url.URL, status int) bool {
	if r.method == http.MethodGet {
		return true
	}
	again := status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
	return !again && !c.where.isAt(to, dirHub, "login")
}

func nowhere(*url.URL) bool { return false }
