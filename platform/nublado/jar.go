package nublado

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"

	"github.com/jetway-go/jetway/internal/clock"
)

const (
	// maxCookies is how many cookies a client keeps; hub and lab have about ten.
	maxCookies = 128
	// maxCookie is the longest cookie that it keeps, in bytes; that of browsers is 4096.
	maxCookie = 8 << 10

	xsrfCookie = "_xsrf"
)

// jar keeps the cookies of one visit, within bounds, and notes their values as secrets.
type jar struct {
	cookies *cookiejar.Jar
	known   *known

	mu   sync.Mutex
	have map[cookieID]bool
}

type cookieID struct{ host, domain, path, name string }

func newJar(k *known) *jar {
	// Without a list of public suffixes: only Nublado's own hosts are ever requested.
	cookies, _ := cookiejar.New(nil) // never fails
	return &jar{cookies: cookies, known: k, have: map[cookieID]bool{}}
}

// SetCookies keeps the cookies of an answer.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		id := cookieID{u.Host, c.Domain, c.Path, c.Name}
		switch {
		case c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Before(clock.Clock{}.Read().Wall()):
			delete(j.have, id)
		case len(c.Name)+len(c.Value) > maxCookie || len(j.have) >= maxCookies && !j.have[id]:
			continue
		default:
			j.have[id] = true
			j.known.add(c.Value)
		}
		j.cookies.SetCookies(u, []*http.Cookie{c})
	}
}

// Cookies returns those to send to u, those of the longest path first.
func (j *jar) Cookies(u *url.URL) []*http.Cookie { return j.cookies.Cookies(u) }

// xsrf returns the value that a request to u must repeat: that of the cookie that it sends.
// Hub and lab have their own, with different paths; empty if there is none.
func (j *jar) xsrf(u *url.URL) string {
	for _, c := range j.Cookies(u) {
		if c.Name == xsrfCookie {
			return c.Value
		}
	}
	return ""
}
