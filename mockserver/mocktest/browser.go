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

// Browser is a person with a browser, without a screen: it opens an address,
// keeps cookies, follows redirects, fills in forms and presses buttons until no
// form is left. It knows no scripts. It also works with other servers' pages of
// that kind. Set the fields before its first use; then it is safe for concurrent
// use, as a browser with several tabs.
type Browser struct {
	// HTTP reaches the pages by its Transport; its other fields are not used. Nil
	// means a transport of its own.
	HTTP *http.Client
	// Login and Password go into fields of these names, and Password into every
	// other password field.
	Login, Password string
	// UserCode goes into the field user_code where the page has not filled it in.
	UserCode string
	// Fields are values for other fields by name; they come before those above.
	Fields map[string]string
	// Deny presses the button, or follows the link, that refuses.
	Deny bool
	// StopAt is the start of addresses that are not opened: a redirect there is
	// where the visit ends. Empty opens every address, a client's callback too.
	StopAt string

	once sync.Once
	jar  http.CookieJar
}

// NewBrowser is a browser of the first person of s.
func NewBrowser(s *mockserver.Server) *Browser {
	return &Browser{HTTP: s.HTTPClient(), Login: s.Login(), Password: s.Password()}
}

// Page is where a visit ended.
type Page struct {
	// URL is its address.
	URL *url.URL
	// Status is that of the answer; zero if the address was not opened.
	Status int
	// Header and Body are those of the answer, the body cut at 1 MiB.
	Header http.Header
	Body   string
}

const (
	maxSteps = 30
	maxPage  = 1 << 20
)

// ErrAskedAgain says that a form came back after it was filled in: what was filled
// in was not accepted.
var ErrAskedAgain = errors.New("the page asks again: what was filled in was not accepted")

var errEndless = fmt.Errorf("no end after %d pages", maxSteps)

// Open visits address, and is what opens a browser for a client. An error page of
// the server that was asked first is an error; what a client's callback answers
// is not.
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

// Visit opens address and goes on to the end. The error wraps [ErrAskedAgain] if
// a login was not accepted.
func (b *Browser) Visit(ctx context.Context, address string) (*Page, error) {
	b.once.Do(func() { b.jar, _ = cookiejar.New(nil) }) // fails for no options
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
	r.Close = true // nothing stays open behind a visit
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
