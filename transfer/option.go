package transfer

import (
	"net/http"
	"sync"
	"time"
)

const (
	defaultConcurrency = 4
	defaultAttempts    = 5
	// partSize is how much of an object one request asks for where several run at once.
	partSize = 16 << 20
)

// Option changes what [New] makes. If an option is given several times the last one counts.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	hc          *http.Client
	report      func(Progress)
	concurrency int
	attempts    int
	stall       time.Duration // 0: none
	sync        bool
	part        int64 // partSize, except in tests
}

func newConfig(opts []Option) config {
	c := config{concurrency: defaultConcurrency, attempts: defaultAttempts, stall: stallLimit, part: partSize}
	for _, o := range opts {
		o.apply(&c)
	}
	return c
}

// WithHTTPClient sets the client for the storage host, such as one that trusts a private
// certificate authority. Its cookies and its redirect policy are not used. It must add no
// credentials: the client of a login is not for storage hosts. Its Timeout bounds each
// exchange as a whole, so for large objects it has to be zero.
//
// By default HTTP/1.1 is spoken, over the proxies of the environment, on connections that
// are used again within one call and closed at its end, and without a bound on the whole
// of an exchange.
func WithHTTPClient(hc *http.Client) Option { return option(func(c *config) { c.hc = hc }) }

// WithProgress has report called about four times a second for each object that is on its
// way, and once more when it is complete. There is one call at a time, and the transfer
// goes on meanwhile.
func WithProgress(report func(Progress)) Option {
	return option(func(c *config) {
		c.report = nil
		if report == nil {
			return
		}
		var one sync.Mutex
		c.report = func(p Progress) {
			one.Lock()
			defer one.Unlock()
			report(p)
		}
	})
}

// WithConcurrency sets how many connections a call may use at once; the default is 4. Less
// than one means one.
func WithConcurrency(n int) Option {
	return option(func(c *config) { c.concurrency = max(n, 1) })
}

// WithAttempts sets how many times in a row an exchange may fail before its error is
// returned; the default is 5. Less than one means one: nothing is repeated.
func WithAttempts(n int) Option {
	return option(func(c *config) { c.attempts = max(n, 1) })
}

// WithSync has [Client.DownloadFile] wait until the content is on the disk before it takes its
// place, so that a crash of the machine leaves the whole object there or what was there
// before. Without it, as with other programs that download, a crash within the half minute in which
// systems write to the disk may leave an empty or a short file. It takes as long as the disk
// does: use it where a file that is there counts as complete.
func WithSync() Option { return option(func(c *config) { c.sync = true }) }

// WithStallLimit sets how long a storage host may bring an exchange no further before that
// counts as failed: take nothing of what is sent, send nothing, or not answer. The default
// is a minute. How long an exchange takes as a whole is not limited, only ctx ends that; with
// zero or less only ctx ends one that does not go on, too.
func WithStallLimit(d time.Duration) Option {
	return option(func(c *config) { c.stall = max(d, 0) })
}
