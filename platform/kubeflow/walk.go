package kubeflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"
)

const maxHops = 20

// walk is the state of one login: the cookies, as a browser would have them.
type walk struct {
	client *http.Client
	jar    *cookiejar.Jar
	host   *url.URL // where the login began, and which the session is for
	allows func(*url.URL) error
	ends   map[string]time.Time // when cookies expire, if they say so
}

// page is the answer at the end of a chain of redirects.
type page struct {
	method string
	url    *url.URL
	status int
	hops   int // redirects on the way
	body   []byte
}

// mustBeOK returns a [StatusError] unless the status is 200.
func (p page) mustBeOK() error {
	if p.status == http.StatusOK {
		return nil
	}
	return &StatusError{Status: p.status, Method: p.method, URL: shown(p.url)}
}

func newWalk(hc *http.Client, host *url.URL, allows func(*url.URL) error) (*walk, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := bare(hc)
	client.Jar = jar
	return &walk{client: client, jar: jar, host: host, allows: allows, ends: map[string]time.Time{}}, nil
}

func (w *walk) get(ctx context.Context, u *url.URL) (page, error) {
	return w.follow(ctx, http.MethodGet, u, nil)
}

func (w *walk) post(ctx context.Context, u *url.URL, form url.Values) (page, error) {
	return w.follow(ctx, http.MethodPost, u, form)
}

// follow makes a request and follows its redirects. A form is sent once: a redirect that
// would send it to another address (307, 308) is an error.
func (w *walk) follow(ctx context.Context, method string, u *url.URL, form url.Values) (page, error) {
	began := method
	for hops := 0; hops <= maxHops; hops++ {
		if err := w.allows(u); err != nil {
			return page{}, err
		}
		got, err := w.request(ctx, method, u, form)
		if err != nil {
			return page{}, err
		}
		switch got.status {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
			method, form = http.MethodGet, nil
		case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			if form != nil {
				return page{}, fmt.Errorf("%s redirects the login form to another address (HTTP status code %d), which is not followed",
					shown(u), got.status)
			}
		default:
			return page{method: began, url: u, status: got.status, hops: hops, body: got.body}, nil
		}
		next, err := u.Parse(got.location)
		if err != nil || got.location == "" || next.User != nil {
			return page{}, nowhere(u)
		}
		u = next
	}
	return page{}, fmt.Errorf("%s redirects more than %d times", shown(w.host), maxHops)
}

func nowhere(u *url.URL) error { return fmt.Errorf("%s redirects to an invalid address", shown(u)) }

// answer is the answer to one request.
type answer struct {
	status   int
	location string
	body     []byte
}

func (w *walk) request(ctx context.Context, method string, u *url.URL, form url.Values) (answer, error) {
	var content io.Reader
	if form != nil {
		content = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), content)
	if err != nil {
		return answer{}, errors.New("a redirect leads to an invalid URL")
	}
	req.Header.Set("Accept", "text/html, */*;q=0.8") // without it proxies answer as to a program
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := w.client.Do(req)
	switch {
	case err != nil && strings.Contains(err.Error(), "Location header"): // which it would contain
		return answer{}, nowhere(u)
	case err != nil:
		return answer{}, withoutURL(err, u)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, withoutURL(err, u)
	}
	for _, c := range resp.Cookies() {
		switch {
		case c.MaxAge > 0:
			w.ends[c.Name] = time.Now().Add(time.Duration(c.MaxAge) * time.Second)
		case !c.Expires.IsZero():
			w.ends[c.Name] = c.Expires
		default:
			delete(w.ends, c.Name)
		}
	}
	return answer{resp.StatusCode, resp.Header.Get("Location"), body}, nil
}

// values returns the cookies that would be sent to the endpoint now.
func (w *walk) values() map[string]string {
	values := map[string]string{}
	for _, c := range w.jar.Cookies(w.host) {
		values[c.Name] = c.Value
	}
	return values
}

// session joins the cookies for the endpoint. At least one must be new since before, and
// not one that only protects the login itself.
func (w *walk) session(before map[string]string) (cookie string, expiry time.Time, err error) {
	var parts []string
	for _, c := range w.jar.Cookies(w.host) {
		parts = append(parts, (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).String()) //nolint:gosec // on its way to the server
	}
	opened := false
	for name, value := range w.values() {
		old, had := before[name]
		if had && old == value || isCSRF(name) {
			continue
		}
		opened = true
		if end := w.ends[name]; !end.IsZero() && (expiry.IsZero() || end.Before(expiry)) {
			expiry = end
		}
	}
	if !opened {
		return "", time.Time{}, fmt.Errorf("%w for %s (cookies: %s); a page in between may require a user's answer",
			ErrNoSession, shown(w.host), named(w.values()))
	}
	return strings.Join(parts, "; "), expiry, nil
}

// isCSRF reports whether a cookie only protects a login in progress.
func isCSRF(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "csrf") || strings.Contains(name, "xsrf")
}

func named(values map[string]string) string {
	if len(values) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(values)), ", ")
}
