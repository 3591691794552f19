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
	"time"
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
}

// Client asks one Repertoire. It is safe for concurrent use.
type Client struct {
	url    string // of the document
	http   *http.Client
	logger *slog.Logger

	// asking has one place: whoever holds it may read and write what follows.
	asking  chan struct{}
	last    *Document
	fetched time.Time
	failure error // of the last request; nil if it went well
	failed  time.Time
}

// New returns a Client; nothing is asked yet. The error is [ErrURL] itself when
// nobody says where the service is, and wraps it when that is no URL.
func New(c Config) (*Client, error) {
	if c.LookupEnv == nil {
		c.LookupEnv = os.LookupEnv
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	base, from := strings.TrimSpace(c.BaseURL), "base URL"
	if base == "" {
		text, _ := c.LookupEnv(EnvBaseURL)
		base, from = strings.TrimSpace(text), EnvBaseURL
	}
	if base == "" {
		return nil, ErrURL
	}
	if !isBase(base) {
		return nil, &Error{Kind: ErrURL, Reason: from + " must be an http:// or https:// URL without user, query or fragment"}
	}
	return &Client{
		url: strings.TrimRight(base, "/") + "/discovery", http: c.HTTP, logger: c.Logger, asking: make(chan struct{}, 1),
	}, nil
}

// Discover returns what the service knows, at most [TTL] old. Where it cannot be
// asked again, an older answer is returned, and the Logger warned; then it is left
// alone for half a minute. hc makes the request unless the client has an http.Client
// of its own. The document is shared: do not change it.
//
// The error is an [*Error], or that of ctx.
func (c *Client) Discover(ctx context.Context, hc *http.Client) (*Document, error) {
	came := time.Now()
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch {
	case c.last != nil && (time.Since(c.fetched) < TTL || c.failure != nil && time.Since(c.failed) < pause):
		return c.last, nil
	case c.failure != nil && c.failed.After(came): // while we waited for it
		return nil, c.failure
	}
	return c.refresh(ctx, hc)
}

// refresh asks the service. Only its caller's own hurry is not remembered as a
// failure, unless there is something to fall back on.
func (c *Client) refresh(ctx context.Context, hc *http.Client) (*Document, error) {
	if c.http != nil {
		hc = c.http
	}
	limit := timeLimit
	if c.last != nil {
		limit = refreshLimit
	}
	doc, err := fetch(ctx, hc, c.url, limit)
	if err == nil {
		c.last, c.fetched, c.failure = doc, time.Now(), nil
		return doc, nil
	}
	if ctx.Err() == nil || c.last != nil {
		c.failure, c.failed = err, time.Now()
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case c.last != nil:
		c.logger.WarnContext(ctx, "service discovery is out of order, using what it said before",
			slog.Any("error", err), slog.Duration("age", time.Since(c.fetched)))
		return c.last, nil
	default:
		return nil, err
	}
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
