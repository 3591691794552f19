package login_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"sync"

	"golang.org/x/net/html"

	"github.com/jetway-go/jetway/auth"
)

// person sits in front of a browser: goes where they are sent, types what is asked
// for, and says yes or no. One person serves one login.
type person struct {
	name    string // empty: user
	refuses bool
	// mistypes makes the first password wrong.
	mistypes bool
	// code is typed where a device's code is asked for.
	code string

	away sync.WaitGroup
	last webPage // where the browser ended
}

// open makes the person follow an address, as flow.PKCE.OpenBrowser wants it.
func (p *person) open(ctx context.Context, address string) error {
	p.away.Add(1)
	defer p.away.Done()
	// A browser goes on when the program has what it wants.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var err error
	p.last, err = p.browse(ctx, address)
	return err
}

// end is the page that the browser ended at, after a login.
func (p *person) end() webPage {
	p.away.Wait()
	return p.last
}

// webPage is one page in the browser.
type webPage struct {
	url    *url.URL
	status int
	text   string
	root   *html.Node
}

const manyPages = 20

// browse goes from page to page until there is nothing left to do: the server's
// pages are left behind, or the last decision is made.
func (p *person) browse(ctx context.Context, address string) (webPage, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return webPage{}, err
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return webPage{}, err
	}
	home := req.URL.Host
	for range manyPages {
		page, err := load(browser, req)
		if err != nil {
			return page, err
		}
		decided := p.refuses && p.refusal(page) != nil
		if page.url.Host != home {
			return page, nil
		}
		if req = p.act(page); req == nil {
			return page, nil
		}
		req = req.WithContext(ctx)
		if decided {
			return load(browser, req)
		}
	}
	return webPage{}, errors.New("the pages never end")
}

func load(browser *http.Client, req *http.Request) (webPage, error) {
	resp, err := browser.Do(req)
	if err != nil {
		return webPage{}, err
	}
	defer resp.Body.Close()
	root, err := html.ParseWithOptions(resp.Body, html.ParseOptionEnableScripting(false))
	if err != nil {
		return webPage{}, err
	}
	return webPage{url: resp.Request.URL, status: resp.StatusCode, text: text(root), root: root}, nil
}

// act does what a page asks for; nil when it asks for nothing.
func (p *person) act(page webPage) *http.Request {
	if form := page.formWith("password"); form != nil {
		pw := password
		if p.mistypes {
			p.mistypes, pw = false, "wrong"
		}
		return page.submit(form, nil, map[string]string{"login": cmp.Or(p.name, user), "password": pw})
	}
	if form := page.formWith("user_code"); form != nil && attr(form.input("user_code"), "type") != "hidden" {
		return page.submit(form, nil, map[string]string{"user_code": p.code})
	}
	if p.refuses {
		if no := p.refusal(page); no != nil {
			return page.click(no)
		}
	}
	for _, button := range page.buttons() {
		if !negative(button) {
			return page.click(button)
		}
	}
	if forms := page.all("form"); len(forms) > 0 { // a script would send it
		return page.submit(&formNode{forms[0]}, nil, nil)
	}
	return nil
}

// refusal is what to click to say no, on a page that asks for a decision.
func (p *person) refusal(page webPage) *html.Node {
	if page.formWith("password") != nil {
		return nil
	}
	for _, n := range append(page.buttons(), page.all("a")...) {
		if negative(n) {
			return n
		}
	}
	return nil
}

var no = regexp.MustCompile(`(?i)\b(deny|cancel|abort)\b`)

func negative(n *html.Node) bool { return no.MatchString(text(n)) }

// device is a Prompter whose person types the code in at once, on a machine of
// their own.
type device struct {
	person person
	// whole follows the address that has the code in it.
	whole bool

	done chan error
	once sync.Once
}

func newDevice(refuses bool) *device {
	return &device{person: person{refuses: refuses}, done: make(chan error, 1)}
}

// Prompt sends the person off.
func (d *device) Prompt(_ context.Context, prompt auth.Prompt) error {
	d.once.Do(func() {
		address := prompt.URL
		if d.whole {
			address = prompt.CompleteURL
		}
		if address == "" || prompt.Code == "" {
			d.done <- fmt.Errorf("prompt without address or code: %+v", prompt)
			return
		}
		d.person.code = prompt.Code
		go func() { d.done <- d.person.open(context.Background(), address) }()
	})
	return nil
}

// nobody is a Prompter for people who need no prompt.
type nobody struct{}

// Prompt shows nothing.
func (nobody) Prompt(context.Context, auth.Prompt) error { return nil }

// elsewhere is browse with a browser that cannot reach the program; it returns the
// address that it shows then.
func (p *person) elsewhere(ctx context.Context, address string) (string, error) {
	end, err := p.browse(ctx, address)
	if end.url != nil && err == nil {
		return end.url.String(), nil
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.URL, nil
	}
	return "", err
}
