// Package console is the mock's page for people: /console shows what happens, as it happens.
//
// It lists requests and what was retried and why, tells the story of each login, draws runs
// on a timeline and follows their logs, approves devices, and has a button for each fault of
// package presets. One page, one stream of server-sent events, nothing from elsewhere.
//
// Only the developer in front of the machine can use it. [Attach] refuses a server that other
// machines reach; requests have to name this machine and come from the page itself; the
// address holds a code that serves once, for a cookie that scripts cannot read. The page shows
// no token and no secret: tokens appear by ID.
//
// Call [Attach] and open [Console.Address] in a browser; the command does so with
// jetway mock --console.
package console

import (
	"html/template"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/jetway-go/jetway/mockserver"
)

// Path is where the console is on the HTTP side of the server.
const Path = "/console"

// Console is the page of one server. It is safe for concurrent use.
type Console struct {
	server    *mockserver.Server
	hosts     map[string]bool // what a Host header may be
	encrypts  bool
	base      string
	door      *door
	pages     *template.Template
	routes    *http.ServeMux
	reopen    func(address string)
	reopening sync.Mutex // held while reopen runs
	streams   atomic.Int32
}

// Option configures a [Console].
type Option interface{ apply(c *Console) }

type optionFunc func(*Console)

func (f optionFunc) apply(c *Console) { f(c) }

// WithReopen calls show with a new address when a browser opens the page without a login, for
// instance because the printed address was used already. The new address replaces all earlier
// ones, and there is one every ten seconds at most. Print it where only the server's owner reads
// it. By default only [Console.Address] makes addresses. One goroutine at a time calls show.
func WithReopen(show func(address string)) Option {
	return optionFunc(func(c *Console) { c.reopen = show })
}

// Attach serves the console at [Path] of s until s closes. The error wraps [ErrNotLoopback] if
// s listens on an address that other machines reach.
func Attach(s *mockserver.Server, opts ...Option) (*Console, error) {
	hosts, err := hostsOf(s)
	if err != nil {
		return nil, err
	}
	pages, err := parsePages()
	if err != nil {
		return nil, &mockserver.Error{Op: "read the console's pages", Err: err}
	}
	base, err := url.Parse(s.HTTPURL())
	if err != nil {
		return nil, &mockserver.Error{Op: "attach the console", Err: err}
	}
	c := &Console{
		server: s, hosts: hosts, encrypts: base.Scheme == "https", base: s.HTTPURL() + Path,
		door: newDoor(base.Port()), pages: pages,
	}
	for _, o := range opts {
		o.apply(c)
	}
	c.routes = c.newRoutes()
	s.Mount(Path, c)
	return c, nil
}

// Address returns a new address that opens the console in one browser, once. It is a secret
// until then. Only the eight latest addresses open the console.
func (c *Console) Address() string {
	return c.base + "?" + url.Values{"code": {c.door.newCode()}}.Encode()
}
