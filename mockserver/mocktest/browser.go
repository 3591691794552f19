package mocktest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"

	"github.com/jetway-go/jetway/mockserver"
)

// Browser acts as a user with a browser: it opens an address, keeps cookies, follows
// redirects, fills in forms and presses buttons until a page has no form. It runs no
// scripts. It also works with the pages of other servers that need no scripts. Set the
// fields before its first use; then it is safe for concurrent use, as several tabs.
type Browser struct {
	// HTTP provides the Transport for the pages; its other fields are ignored. Nil means
	// a new transport.
	HTTP *http.Client
	// Login and Password go into fields of these names, and Password into every
	// other password field.
	Login, Password string
	// UserCode goes into the field user_code where the page has not filled it in.
	UserCode string
	// Fields are values of fields by name; they take precedence over those above.
	Fields map[string]string
	// Deny presses the button, or follows the link, that denies the request.
	Deny bool
	// StopAt is a prefix of addresses: the visit ends at a redirect to one of them,
	// which is not opened. Empty opens every address, also a client's callback.
	StopAt string

	once sync.Once
	jar  http.CookieJar
}

// NewBrowser returns a browser of the first account of s.
func NewBrowser(s *mockserver.Server) *Browser {
	return &Browser{HTTP: s.HTTPClient(), Login: s.Login(), Password: s.Password()}
}

// Page is the last page of a visit.
type Page struct {
	// URL is its address.
	URL *url.URL
	// Status is the HTTP status; zero if the address was not opened.
	Status int
	// Header and Body are those of the answer, the body cut at 1 MiB.
	Header http.Header
	Body   string
}

const (
	maxSteps = 30
	maxPage  = 1 << 20
)

// ErrAskedAgain means that a form appeared again after it was submitted: the server did
// not accept its values.
var ErrAskedAgain = errors.New("the page asks again: the submitted values were not accepted")

var errEndless = fmt.Errorf("no end after %d pages", maxSteps)

// Open visits address; it fits clients that take a function to open a browser. If the
// last page is an error page of the server at address, that is an error; an error page
// of a client's callback is not.
func (b *Browser) Open(ctx context.Context, address string) error {
	page, err := b.Visit(ctx, address)
	if err != nil {
		return err
	}
	if start, err := url.Parse(address); err == nil && start.Host == page.URL.Host && page.Status >= http.StatusBadRequest {
		return fmt.Errorf("browser: %s answered %d", page.URL.Path, page.Status)
	}
	return nil
}

// Visit opens address and returns the last page. The error wraps [ErrAskedAgain] if a
// login was not accepted.
func (b *Browser) Visit(ctx context.Context, address string) (*Page, error) {
	b.once.Do(func() { b.jar, _ = cookiejar.New(nil) }) // never fails without options
	next := &step{method: http.MethodGet, address: address}
	filled := map[string]bool{}
	for range maxSteps {
		page, err := b.take(ctx, next)
		if err != nil {
			return nil, err
		}
		if to := page.redirect(); to != nil {
			if b.StopAt != "" && strings.HasPrefix(to.String(), b.StopAt) {
				return &Page{URL: to}, nil
			}
			next = next.redirected(to, page.Status)
			continue
		}
		onward, name := b.decide(page)
		if onward == nil {
			return page, nil
		}
		if filled[name] {
			return page, fmt.Errorf("browser: %s: %w", page.URL.Path, ErrAskedAgain)
		}
		filled[name] = true
		next = onward
	}
	return nil, fmt.Errorf("browser: %w", errEndless)
}

// step is one request.
type step struct {
	method, address string
	form            url.Values
}

// redirected keeps a POST only where the standard says so (RFC 9110 section 15.4).
func (s *step) redirected(to *url.URL, status int) *step {
	if status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect {
		return &step{method: s.method, address: to.String(), form: s.form}
	}
	return &step{method: http.MethodGet, address: to.String()}
}

func (b *Browser) take(ctx context.Context, s *step) (*Page, error) {
	var body io.Reader = http.NoBody
	if s.method == http.MethodPost {
		body = strings.NewReader(s.form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, s.method, s.address, body)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	if s.method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	r.Close = true // a visit leaves no connection open
	client := &http.Client{
		Jar:           b.jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if b.HTTP != nil {
		client.Transport = b.HTTP.Transport
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	return &Page{URL: r.URL, Status: resp.StatusCode, Header: resp.Header, Body: string(text)}, nil
}

func (p *Page) redirect() *url.URL {
	switch p.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	to, err := p.URL.Parse(p.Header.Get("Location"))
	if err != nil || p.Header.Get("Location") == "" {
		return nil
	}
	return to
}
