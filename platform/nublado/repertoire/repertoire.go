// Package repertoire asks Repertoire, the service discovery of the Rubin Science
// Platform, where a service is.
//
// Make a [Client] with [New], by default for what REPERTOIRE_BASE_URL says, and
// call [Client.Discover]. A program that opens several connections shares one
// client: it remembers the answer for five minutes, asks once for all who want to
// know, and falls back on the last answer when the service is out of order.
package repertoire

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/jetway-go/jetway/platform/internal/guess"
)

// EnvBaseURL is the variable that tells where the service is, such as
// https://data.example.com/repertoire.
const EnvBaseURL = "REPERTOIRE_BASE_URL"

// TTL is how long an answer is believed.
const TTL = 5 * time.Minute

const (
	timeLimit    = 30 * time.Second // for the first answer
	refreshLimit = 10 * time.Second // for another, where there is one to fall back on
	pause        = 30 * time.Second // after a refresh that failed, before the next
)

// Config is what a Client is made of. The zero value goes by the environment.
type Config struct {
	// BaseURL is where the service is; empty means what [EnvBaseURL] says.
	BaseURL string
	// HTTP makes the requests; nil means the client that Discover is given.
	HTTP *http.Client
	// Logger hears of answers that are used past their time; nil discards.
	Logger *slog.Logger
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
}

// Client asks one Repertoire. It is safe for concurrent use.
type Client struct {
	url      string // of the document
	http     *http.Client
	logger   *slog.Logger
	requests singleflight.Group // one at a time, for all who wait

	mu      sync.Mutex // guards what follows
	last    *Document
	fetched time.Time
	failed  time.Time // the last request; zero: it went well
}

// New returns a Client; nothing is asked yet. The error is [ErrURL] itself when
// nobody says where the service is, and wraps it when that is no URL.
func New(c Config) (*Client, error) {
	lookup := c.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	base, from := strings.TrimSpace(c.BaseURL), "base URL"
	if base == "" {
		text, _ := lookup(EnvBaseURL)
		base, from = strings.TrimSpace(text), EnvBaseURL
	}
	if base == "" {
		if guessed := guess.Variables(c.LookupEnv, c.Environ, nil, []string{EnvBaseURL}); guessed != "" {
			return nil, &Error{Kind: ErrURL, Reason: ErrURL.Error() + ": " + guessed}
		}
		return nil, ErrURL
	}
	if !isBase(base) {
		return nil, &Error{Kind: ErrURL, Reason: from + " must be an http:// or https:// URL without user, query or fragment"}
	}
	return &Client{
		url: strings.TrimRight(base, "/") + "/discovery", http: c.HTTP, logger: c.Logger,
	}, nil
}

// Discover returns what the service knows, at most [TTL] old. Where it cannot be
// asked again, an older answer is returned, and the Logger warned; then it is left
// alone for half a minute. hc makes the request unless the client has an http.Client
// of its own. The document is shared: do not change it.
//
// Callers who have to wait share one request, made with the hc of the first of them.
// It goes on when a caller's ctx ends, for half a minute at most.
//
// The error is an [*Error], or that of ctx.
func (c *Client) Discover(ctx context.Context, hc *http.Client) (*Document, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	if doc := c.remembered(); doc != nil {
		c.mu.Unlock()
		return doc, nil
	}
	// Under the lock, so that a request cannot end between the look and here.
	asked := c.requests.DoChan("", func() (any, error) { return c.refresh(context.WithoutCancel(ctx), hc) })
	c.mu.Unlock()

	select {
	case r := <-asked:
		doc, _ := r.Val.(*Document)
		return doc, r.Err
	case <-ctx.Done():
		c.tooSlow()
		return nil, ctx.Err()
	}
}

// remembered returns what may be used without a request, or nil. c.mu is held.
func (c *Client) remembered() *Document {
	if c.last != nil && (time.Since(c.fetched) < TTL || time.Since(c.failed) < pause) {
		return c.last
	}
	return nil
}

// tooSlow counts a caller who could not wait as a failure of the service, if there
// is something for the next one to fall back on.
func (c *Client) tooSlow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil {
		c.failed = time.Now()
	}
}

// refresh asks the service, and falls back on the last answer.
func (c *Client) refresh(ctx context.Context, hc *http.Client) (*Document, error) {
	if c.http != nil {
		hc = c.http
	}
	c.mu.Lock()
	last, fetched, limit := c.last, c.fetched, timeLimit
	c.mu.Unlock()
	if last != nil {
		limit = refreshLimit
	}
	doc, err := fetch(ctx, hc, c.url, limit)
	c.remember(doc, err)
	if err == nil || last == nil {
		return doc, err
	}
	c.logger.WarnContext(ctx, "service discovery is out of order, using what it said before",
		slog.Any("error", err), slog.Duration("age", time.Since(fetched)))
	return last, nil
}

// remember keeps an answer, or when there was none.
func (c *Client) remember(doc *Document, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed = time.Now()
		return
	}
	c.last, c.fetched, c.failed = doc, time.Now(), time.Time{}
}

// isBase tells whether text is an address that paths can be put behind.
func isBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isURL(text) && u.RawQuery == "" && u.Fragment == "" && !u.ForceQuery
}

// isURL tells whether text is the address of a service.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}
