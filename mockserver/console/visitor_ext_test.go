package console_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/console"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// visitor is a browser without scripts.
type visitor struct {
	http *http.Client
	base string
	csrf string
}

// attached starts a mock with a console.
func attached(tb testing.TB, opts ...mockserver.Option) (*mockserver.Server, *console.Console) {
	tb.Helper()
	s := mocktest.New(tb, opts...)
	return s, attach(tb, s)
}

func attach(tb testing.TB, s *mockserver.Server) *console.Console {
	tb.Helper()
	c, err := console.Attach(s)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// visit opens the console of s.
func visit(tb testing.TB, s *mockserver.Server, c *console.Console) *visitor {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	v := &visitor{http: &http.Client{Transport: s.HTTPClient().Transport, Jar: jar}, base: s.HTTPURL()}
	resp, body := v.get(tb, c.Address())
	if resp.StatusCode != http.StatusOK || resp.URL.String() != s.HTTPURL()+console.Path {
		tb.Fatalf("opened %s: %s", resp.URL, resp.Status)
	}
	found := regexp.MustCompile(`name="csrf" value="([A-Z0-9]+)"`).FindStringSubmatch(body)
	if found == nil {
		tb.Fatalf("no token in the form: %s", body)
	}
	v.csrf = found[1]
	return v
}

// answer is what came back, without the body.
type answer struct {
	Status     string
	StatusCode int
	Header     http.Header
	URL        *url.URL // after redirects
	Cookies    []*http.Cookie
}

func (v *visitor) get(tb testing.TB, address string, headers ...string) (answer, string) {
	tb.Helper()
	return v.send(tb, http.MethodGet, address, "", headers...)
}

// press sends what a button does, from a script of the page itself unless headers say more.
func (v *visitor) press(tb testing.TB, what string, headers ...string) (answer, string) {
	tb.Helper()
	form := url.Values{"csrf": {v.csrf}, "do": {what}}
	headers = append([]string{"Sec-Fetch-Site", "same-origin", "Origin", v.base}, headers...)
	return v.send(tb, http.MethodPost, v.base+"/console/do", form.Encode(), headers...)
}

// send sends a request; a header with an empty value is left out, Host is the host's name.
func (v *visitor) send(tb testing.TB, method, address, body string, headers ...string) (answer, string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	tb.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := v.http.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{resp.Status, resp.StatusCode, resp.Header, resp.Request.URL, resp.Cookies()}, string(text)
}
