package kubeflow

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// dexTimeout is the time limit of a login, which is about ten requests.
const dexTimeout = time.Minute

// run makes the requests of a browser in which a user logs in.
func (d Dex) run(ctx context.Context, hc *http.Client, host *url.URL) (Session, error) {
	password, err := readSecret(d.Password, "Dex.Password")
	if err != nil {
		return Session{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, dexTimeout)
	defer cancel()
	w, err := newWalk(hc, host, d.allows)
	if err != nil {
		return Session{}, err
	}
	session := Session{EndpointURL: host.String()}

	front, refused, err := d.knock(ctx, w)
	if err != nil {
		return Session{}, err
	}
	session.RedirectURL = front.url.String()
	if !refused && (front.hops == 0 || onlySlash(host, front.url)) {
		return session, nil
	}
	session.Secured = true

	form, err := d.findForm(ctx, w, front)
	if err != nil {
		return Session{}, err
	}
	session.LoginURL = form.url.String()

	before := w.values()
	if err := d.submit(ctx, w, form.url, password); err != nil {
		return Session{}, err
	}
	session.Cookie, session.Expiry, err = w.session(before)
	return session, err
}

// knock requests the endpoint. A proxy that answers with status 403 and its sign-in page
// starts a login only at /oauth2/start.
func (d Dex) knock(ctx context.Context, w *walk) (p page, refused bool, err error) {
	p, err = w.get(ctx, w.host)
	if err == nil && p.status == http.StatusForbidden {
		refused = true
		start := &url.URL{
			Scheme: p.url.Scheme, Host: p.url.Host, Path: "/oauth2/start",
			RawQuery: url.Values{"rd": {cmp.Or(p.url.Path, "/")}}.Encode(),
		}
		p, err = w.get(ctx, start)
	}
	if err != nil {
		return page{}, refused, err
	}
	return p, refused, p.mustBeOK()
}

// onlySlash reports whether a redirect led from /pipeline to /pipeline/ only, as web
// servers do.
func onlySlash(from, to *url.URL) bool {
	return from.Scheme == to.Scheme && from.Host == to.Host && strings.TrimRight(from.Path, "/") == strings.TrimRight(to.Path, "/")
}

// isLogin reports whether path is that of the login form of Dex since 2.29.
func isLogin(path string) bool { return regexp.MustCompile(`/auth/.*/login$`).MatchString(path) }

// isConnector reports whether path is that of a connector of any Dex.
func isConnector(path string) bool {
	return regexp.MustCompile(`/auth/[^/]+(/login)?$`).MatchString(path)
}

// findForm returns the page with Dex's login form, starting from the page that the
// endpoint redirected to.
func (d Dex) findForm(ctx context.Context, w *walk, p page) (page, error) {
	next := *p.url
	var connector string
	if strings.HasSuffix(next.Path, "/auth") { // the choice of connectors
		connector = cmp.Or(d.Connector, "local")
		next.Path += "/" + connector
		// Dex before 2.29 has the id of the login in the links of its page only.
		if link := linkTo(p, &next); link != nil {
			next.RawQuery = link.RawQuery
		}
	}
	if !isLogin(next.Path) {
		var err error
		if p, err = w.get(ctx, &next); err != nil {
			return page{}, err
		}
		if err := p.mustBeOK(); err != nil && connector != "" {
			return page{}, fmt.Errorf("%w: does this Dex have a connector %q? Set Dex.Connector to the right name", err, connector)
		} else if err != nil {
			return page{}, err
		}
	} else {
		p.url = &next
	}
	if !isForm(w.host, p) {
		return page{}, fmt.Errorf("the login led to %s, which is not Dex's login form: is another identity provider in use?", shown(p.url))
	}
	return p, nil
}

// isForm reports whether the password may be sent to a page. On the endpoint's own host
// any page with a password field is accepted. On another host it must have all signs of
// Dex's form: Dex may be configured to redirect to another provider, whose form is for
// another password.
func isForm(endpoint *url.URL, p page) bool {
	if p.url.Scheme == endpoint.Scheme && strings.EqualFold(p.url.Host, endpoint.Host) {
		return isConnector(p.url.Path) || asksForPassword(p.body)
	}
	query := p.url.Query()
	address := isLogin(p.url.Path) && query.Has("state") ||
		isConnector(p.url.Path) && query.Has("req")
	return address && asksForPassword(p.body) && asksFor(p.body, "login")
}

// submit sends the form, and the approval if Dex has an approval page.
func (d Dex) submit(ctx context.Context, w *walk, form *url.URL, password string) error {
	p, err := w.post(ctx, form, url.Values{"login": {d.Username}, "password": {password}})
	if err != nil {
		return err
	}
	if p.hops == 0 && (p.status == http.StatusOK || p.status == http.StatusUnauthorized) {
		return fmt.Errorf("%w - No redirect after POST to: %s (HTTP status code %d); check Dex.Username and Dex.Password",
			ErrWrongPassword, shown(form), p.status)
	}
	if err := p.mustBeOK(); err != nil {
		return err
	}
	if p.hops == 0 || !strings.HasSuffix(p.url.Path, "/approval") {
		return nil
	}
	p, err = w.post(ctx, p.url, approval(p.body))
	if err != nil {
		return err
	}
	return p.mustBeOK()
}
