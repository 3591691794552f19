package httpauth

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Rule reports whether an answer rejects the credentials that the request carried, so
// that others could help. The request is the one that was sent, with its credentials if
// the [Source] had any. A Rule changes nothing and is safe for concurrent use; one that
// must look at the body reads a small part of it and leaves an answer.Body that has all of
// it. It is not asked about answers from other servers than the origins, about
// those to a request with an Authorization header of the caller's, or about upgraded
// connections (101).
type Rule = func(sent *http.Request, answer *http.Response) bool

// Unauthorized is the [Rule] of HTTP itself (RFC 9110 §15.5.2): status 401, whatever its
// body and its WWW-Authenticate say, unless the latter says that the credentials are good
// but allow too little (insufficient_scope, RFC 6750 §3.1). A 403 is none: other
// credentials of the same login would not help.
func Unauthorized(_ *http.Request, answer *http.Response) bool {
	if answer.StatusCode != http.StatusUnauthorized {
		return false
	}
	for _, challenge := range answer.Header["Www-Authenticate"] {
		if strings.Contains(challenge, `error="insufficient_scope"`) || strings.Contains(challenge, "error=insufficient_scope") {
			return false
		}
	}
	return true
}

// Forbidden is the [Rule] that takes every 403 for a rejection. Use it within [Confirm],
// for servers that answer so to a bad credential and to one without the permission alike.
func Forbidden(_ *http.Request, answer *http.Response) bool {
	return answer.StatusCode == http.StatusForbidden
}

// SignInPage is the [Rule] of a proxy that answers requests without a session with a page
// to sign in on: 403 with an HTML page. A proxy may answer so to a user who is not
// allowed, too.
func SignInPage(_ *http.Request, answer *http.Response) bool {
	if answer.StatusCode != http.StatusForbidden {
		return false
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// LoginRedirect returns the [Rule] for redirects to a login page: to one of the given
// addresses or below, or to the authorization endpoint of any server, which a query with
// client_id and response_type (RFC 6749 §4.1.1) or with SAMLRequest shows. An address is
// a path of the same host, such as /oauth2/start, or a URL, such as
// https://login.example.com/.
func LoginRedirect(to ...string) Rule {
	return func(sent *http.Request, answer *http.Response) bool {
		switch answer.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return false
		}
		target, err := sent.URL.Parse(answer.Header.Get("Location"))
		if err != nil {
			return false
		}
		query := target.Query()
		if query.Has("client_id") && query.Has("response_type") || query.Has("SAMLRequest") {
			return true
		}
		for _, text := range to {
			if at, err := sent.URL.Parse(text); err == nil && isBelow(target, at) {
				return true
			}
		}
		return false
	}
}

// isBelow reports whether u is at, or has it as a prefix of whole segments.
func isBelow(u, at *url.URL) bool {
	rest, ok := strings.CutPrefix(u.Path, strings.TrimSuffix(at.Path, "/"))
	return ok && u.Scheme == at.Scheme && strings.EqualFold(u.Host, at.Host) && (rest == "" || rest[0] == '/')
}

// CookieProxy returns the [Rule] for a proxy that keeps a session in a cookie, such as
// oauth2-proxy: [Unauthorized] (it answers "401 {}" to programs), [SignInPage] and
// [LoginRedirect] with the given addresses.
func CookieProxy(login ...string) Rule {
	return Any(Unauthorized, SignInPage, LoginRedirect(login...))
}

// Any returns the [Rule] that one of the given rules is enough for. They are asked in
// order, so that one that sends a request belongs at the end.
func Any(rules ...Rule) Rule {
	return func(sent *http.Request, answer *http.Response) bool {
		for _, rule := range rules {
			if rule(sent, answer) {
				return true
			}
		}
		return false
	}
}
