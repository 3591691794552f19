package nublado

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/retryafter"
)

// refusal reads an answer that is no success, and closes it.
func (c *Client) refusal(v *visit, r request, resp *http.Response) *APIError {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxPage)) // the status is what counts
	return c.refused(v, r, resp, body)
}

// refused returns the error that an answer means.
func (c *Client) refused(v *visit, r request, resp *http.Response, body []byte) *APIError {
	var kind, err error
	message := ""
	if isRedirect(resp.StatusCode) {
		kind, err = c.redirected(v, r, resp)
	} else {
		message = v.known.message(resp.Header, body)
		kind = meaning(r, resp.StatusCode, resp.Header, message)
	}
	e := c.fail(v, r, kind, err)
	e.Status, e.Message = resp.StatusCode, message
	e.after, _ = retryafter.Parse(resp.Header.Get("Retry-After"), clock.Clock{}.Read().Wall())
	return e
}

func meaning(r request, status int, h http.Header, message string) error {
	switch {
	case status == http.StatusUnauthorized:
		return ErrToken
	case status == http.StatusForbidden && isLoginOver(message):
		return ErrNotLoggedIn
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusFailedDependency:
		return ErrLabNotRunning
	case status == http.StatusServiceUnavailable && r.lab: // of the proxy: its server is gone
		return ErrLabNotRunning
	case status == http.StatusMethodNotAllowed && r.lab && isPage(h): // of the hub, which in place of a lab redirects GET only
		return ErrLabNotRunning
	case status == http.StatusTooManyRequests:
		return ErrBusy
	case status >= http.StatusInternalServerError:
		return ErrServer
	case status >= http.StatusBadRequest:
		return ErrRefused
	default:
		return ErrAnswer
	}
}

func isPage(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// isLoginOver reports whether a 403 means that the cookies or the XSRF value are not
// accepted. What the hub says of a missing scope it says of a missing login too, and a user
// has the scopes for a lab of one's own.
func isLoginOver(message string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, "xsrf") || strings.HasPrefix(message, "action is not authorized") || message == "forbidden"
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	default:
		return false
	}
}

// redirected returns what a redirect means that is not followed.
func (c *Client) redirected(v *visit, r request, resp *http.Response) (kind, cause error) {
	to, err := c.where.follow(r.url, resp.Header.Get("Location"))
	switch {
	case to == nil:
		return ErrAnswer, err
	case c.isStopped(r, to):
		return ErrLabNotRunning, nil
	case isLogin(r.url, to, resp):
		return ErrToken, fmt.Errorf("it redirects to the login at %s", v.known.scrub(bare(to)))
	case err != nil:
		return ErrRedirect, v.known.cause(err)
	case c.where.isAt(to, dirHub, "login"), c.where.isAt(to, dirHub, "api", "oauth2", "authorize"):
		return ErrNotLoggedIn, errors.New("it redirects to the hub's login")
	default:
		return ErrRedirect, fmt.Errorf("it leads to %s, where no redirect is expected", v.known.scrub(bare(to)))
	}
}

// isStopped reports whether an address is the hub's in place of a lab that does not run.
func (c *Client) isStopped(r request, to *url.URL) bool {
	return c.where.isAt(to, dirHub, dirUser) || r.lab && c.where.isAt(to, dirHub, "spawn-pending")
}

// isLogin reports whether a redirect leads to Gafaelfawr's login or to that of a provider.
// The hub's own OAuth server is none: it is how a lab identifies the user.
func isLogin(from, to *url.URL, resp *http.Response) bool {
	if originOf(from) == originOf(to) && to.Path == "/login" {
		return true
	}
	return !strings.HasSuffix(to.Path, "/hub/api/oauth2/authorize") &&
		httpauth.LoginRedirect()(&http.Request{URL: from}, resp)
}
