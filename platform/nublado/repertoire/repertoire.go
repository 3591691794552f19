// Package repertoire is a client of Repertoire, the service discovery of the Rubin
// Science Platform, which returns the addresses of its services.
//
// Make a [Client] with [New], by default for REPERTOIRE_BASE_URL, and call
// [Client.Discover]. A program that opens several connections shares one client: it
// caches the answer for five minutes, makes one request for all concurrent callers, and
// returns the last answer while the service fails.
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

	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/platform/internal/guess"
)

// EnvBaseURL is the variable with the address of the service, such as
// https://data.example.com/repertoire.
const EnvBaseURL = "REPERTOIRE_BASE_URL"

// TTL is how long an answer is cached.
const TTL = 5 * time.Minute

const (
	timeLimit    = 30 * time.Second // of the first request
	refreshLimit = 10 * time.Second // of later ones, if there is a last answer
	pause        = 30 * time.Second // between a failed request and the next, if there is a last answer
)

// Config configures a [Client]. The zero value uses the environment.
type Config struct {
	// BaseURL is the address of the service; empty means that in [EnvBaseURL].
	BaseURL string
	// HTTP makes the requests; nil means the client that is passed to Discover.
	HTTP *http.Client
	// Logger receives a warning when an answer older than [TTL] is used; nil discards it.
	Logger *slog.Logger
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
}

// Client makes requests to one Repertoire. It is safe for concurrent use.
type Client struct {
	url      string // of the document
	http     *http.Client
	logger   *slog.Logger
	clock    clock.Clock
	requests singleflight.Group // one at a time, for all waiting callers

	mu    sync.Mutex // guards the fields below
	last  *Document
	stale clock.Reading // TTL after it was fetched
	again clock.Reading // after a failed request: when the next may be made; zero if it succeeded
}

// New returns a Client and makes no request. If no address is set, the error is [ErrURL]
// itself, or wraps it where a variable with a misspelt name is set. If the address is
// not a URL, the error wraps [ErrURL].
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

// Discover returns the document of the service, at most [TTL] old. If a new request
// fails, it returns the older document and warns the Logger, and makes the next request
// after half a minute at the earliest. hc makes the request unless the client has an
// http.Client of its own. The document is shared: do not change it.
//
// Callers that have to wait share one request, made with the hc of the first of them.
// The request continues when a caller's ctx ends, for half a minute at most.
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
	// Under the lock, so that no request can end between the check above and this line.
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

// remembered returns the document that may be used without a request, or nil. The caller
// holds c.mu.
func (c *Client) remembered() *Document {
	if c.last == nil {
		return nil
	}
	now := c.clock.Read()
	if !now.Reached(c.stale) || !c.again.IsZero() && !now.Reached(c.again) {
		return c.last
	}
	return nil
}

// tooSlow records a failure if a caller's ctx has ended before the answer: later callers
// then get the last document at once, if there is one.
func (c *Client) tooSlow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil {
		c.again = c.clock.Read().Add(pause)
	}
}

// refresh makes a request, and returns the last document if it fails.
func (c *Client) refresh(ctx context.Context, hc *http.Client) (*Document, error) {
	if c.http != nil {
		hc = c.http
	}
	c.mu.Lock()
	last, stale, limit := c.last, c.stale, timeLimit
	c.mu.Unlock()
	if last != nil {
		limit = refreshLimit
	}
	doc, err := fetch(ctx, hc, c.url, limit)
	c.remember(doc, err)
	if err == nil || last == nil {
		return doc, err
	}
	c.logger.WarnContext(ctx, "service discovery is out of order, using its last answer",
		slog.Any("error", err), slog.Duration("age", TTL-c.clock.Read().Until(stale)))
	return last, nil
}

// remember stores a document, or the time of a failure.
func (c *Client) remember(doc *Document, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Read()
	if err != nil {
		c.again = now.Add(pause)
		return
	}
	c.last, c.stale, c.again = doc, now.Add(TTL), clock.Reading{}
}

// isBase reports whether text is an address that a path can be appended to.
func isBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isURL(text) && u.RawQuery == "" && u.Fragment == "" && !u.ForceQuery
}

// isURL reports whether text is the address of a service.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}
