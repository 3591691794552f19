// Package repertoire asks Repertoire, the service discovery of the Rubin Science
// Platform, where a service is.
//
// Make a [Client] with [New], by default for what REPERTOIRE_BASE_URL says, and
// call [Client.Discover]. A program that opens several connections shares one
// client: it remembers the answer for five minutes, and falls back on the last one
// when the service is out of order.
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

// EnvBaseURL is where the service is.
const EnvBaseURL = "REPERTOIRE_BASE_URL"

// TTL is how long an answer is believed.
const TTL = 5 * time.Minute

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
	if !isURL(base) {
		return nil, &Error{Kind: ErrURL, Reason: from + " must be an http:// or https:// URL without user, query or fragment"}
	}
	return &Client{
		url: strings.TrimRight(base, "/") + "/discovery", http: c.HTTP, logger: c.Logger, asking: make(chan struct{}, 1),
	}, nil
}

// Discover returns what the service knows, at most [TTL] old. Where it cannot be
// asked again, an older answer is returned, and the Logger warned. hc makes the
// request unless the client has an http.Client of its own. The document is
// shared: do not change it.
//
// The error is an [*Error], or that of ctx.
func (c *Client) Discover(ctx context.Context, hc *http.Client) (*Document, error) {
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.last != nil && time.Since(c.fetched) < TTL {
		return c.last, nil
	}
	if c.http != nil {
		hc = c.http
	}
	doc, err := fetch(ctx, hc, c.url)
	switch {
	case err == nil:
		c.last, c.fetched = doc, time.Now()
		return doc, nil
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

// isURL tells whether text is an address that a request can be made to.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}
