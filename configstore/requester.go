package configstore

import (
	"net/http"
	"sync/atomic"

	"github.com/jetway-go/jetway/internal/peer"
)

// HTTPBorrower is a ClientConfigStore whose HTTP requests may be made with a client that
// it is lent: [Discovery] without a client of its own, and the stores here that hold
// others. BorrowHTTP may be called again, at any time; the first client counts.
type HTTPBorrower interface{ BorrowHTTP(hc *http.Client) }

func lend(s ClientConfigStore, hc *http.Client) {
	if b, ok := s.(HTTPBorrower); ok {
		b.BorrowHTTP(hc)
	}
}

// BorrowHTTP lends hc to base.
func (o *overlay) BorrowHTTP(hc *http.Client) { lend(o.base, hc) }

// BorrowHTTP lends hc to the wrapped store.
func (c *cached) BorrowHTTP(hc *http.Client) { lend(c.store, hc) }

// BorrowHTTP lends hc to the wrapped store.
func (d *disk) BorrowHTTP(hc *http.Client) { lend(d.store, hc) }

// BorrowHTTP lends hc to the wrapped store.
func (p *plaintextAllowed) BorrowHTTP(hc *http.Client) { lend(p.store, hc) }

// BorrowHTTP lends hc to all stores.
func (c *chain) BorrowHTTP(hc *http.Client) {
	for _, s := range c.stores {
		lend(s, hc)
	}
}

// BorrowHTTP has requests made with hc if the program gave no client.
func (d *discovery) BorrowHTTP(hc *http.Client) {
	if d.client.own == nil && hc != nil {
		d.client.lent.CompareAndSwap(nil, guarded(hc))
	}
}

// requester makes requests with the program's client, or a lent one.
type requester struct {
	own  *http.Client // nil: the program gave none
	lent atomic.Pointer[http.Client]
}

func newRequester(own *http.Client) *requester {
	if own == nil {
		return &requester{}
	}
	return &requester{own: guarded(own)}
}

func (r *requester) do(req *http.Request) (*http.Response, error) {
	hc := r.own
	if hc == nil {
		hc = r.lent.Load()
	}
	if hc == nil {
		hc = guarded(nil)
	}
	return hc.Do(req)
}

// guarded returns a copy of hc that follows no redirects and keeps no cookies.
func guarded(hc *http.Client) *http.Client {
	c := peer.Client(hc)
	if c.Timeout <= 0 {
		c.Timeout = httpTimeout
	}
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
