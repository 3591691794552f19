package configstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// httpTimeout ends a request of a client that has no limit of its own.
	httpTimeout = 30 * time.Second
	// maxDocument is the largest metadata document that is read.
	maxDocument = 1 << 20
)

// Discovery reads the metadata document that issuer publishes: the RFC 8414 one
// (its well-known segment between host and path), then the OpenID Connect one
// (appended to the path), then the RFC 8414 segment appended, as some servers
// have it. Keys may be snake_case or camelCase.
//
// The document must name the issuer that was asked for (RFC 8414 §3.3). A Flyte
// host publishes the document of its identity provider; the issuer named there
// is then asked, once, and must confirm its own name. Endpoints must be https,
// or http on a loopback address. RevocationEndpoint, AuthMethods and IssRequired are
// set too; ClientID, Scopes and HeaderKey are not in such documents, see [Overlay].
//
// Requests carry no credentials or cookies and follow no redirects; an answer
// may have 1 MiB and take as long as hc.Timeout, 30 seconds if that is zero or
// hc nil. The error is [ErrNotFound] when no document is published and
// [ErrInvalid] when there is one that must not be used; it never quotes an
// answer's body. Nothing is cached, see [Cached].
func Discovery(issuer string, hc *http.Client) ClientConfigStore {
	c := http.Client{}
	if hc != nil {
		c = *hc
	}
	if c.Timeout <= 0 {
		c.Timeout = httpTimeout
	}
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &discovery{issuer: issuer, client: &c}
}

type discovery struct {
	issuer string
	client *http.Client
}

func (d *discovery) ClientConfig(ctx context.Context) (ClientConfig, error) {
	if err := ctx.Err(); err != nil {
		return ClientConfig{}, &Error{Op: "discover", Err: err}
	}
	cfg, where, err := d.find(ctx, "the issuer", d.issuer)
	if err != nil {
		return ClientConfig{}, err
	}
	if cfg.Issuer != d.issuer {
		named := cfg.Issuer
		cfg, where, err = d.find(ctx, "the issuer named by "+where, named)
		if err != nil {
			return ClientConfig{}, err
		}
		if cfg.Issuer != named {
			return ClientConfig{}, &Error{Op: "discover", Source: where, Err: invalid(
				"the document names the issuer %q and was asked for as %q; they must be equal (RFC 8414 §3.3)", cfg.Issuer, named)}
		}
	}
	if cfg.TokenEndpoint == "" {
		return ClientConfig{}, &Error{Op: "discover", Source: where, Err: invalid("the document names no token_endpoint")}
	}
	if err := cfg.check(); err != nil {
		return ClientConfig{}, &Error{Op: "discover", Source: where, Err: err}
	}
	return cfg, nil
}

// find returns the first document among the URLs where issuer may publish one, and its
// URL. Some servers answer with a page where they have no document, so after an unusable
// answer the other URLs are still tried.
func (d *discovery) find(ctx context.Context, what, issuer string) (ClientConfig, string, error) {
	u, err := checkIssuer(what, issuer)
	if err != nil {
		return ClientConfig{}, "", &Error{Op: "discover", Err: err}
	}
	var worst error
	for _, where := range places(u) {
		cfg, err := d.read(ctx, where)
		if err == nil {
			return cfg, where, nil
		}
		err = &Error{Op: "discover", Source: where, Err: err}
		if unreachable := (*url.Error)(nil); ctx.Err() != nil || errors.As(err, &unreachable) {
			return ClientConfig{}, "", err // the other places are on the same host
		}
		if worst == nil || errors.Is(worst, ErrNotFound) && !errors.Is(err, ErrNotFound) {
			worst = err
		}
	}
	return ClientConfig{}, "", worst
}

// places are the URLs of RFC 8414 §3.1 and OpenID Connect Discovery §4.1.
func places(issuer *url.URL) []string {
	host := issuer.Scheme + "://" + issuer.Host
	path := strings.TrimRight(issuer.EscapedPath(), "/")
	const oauth, openid = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	urls := []string{host + oauth + path, host + path + openid}
	if path != "" {
		urls = append(urls, host+path+oauth)
	}
	return urls
}

func (d *discovery) read(ctx context.Context, where string) (ClientConfig, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return ClientConfig{}, invalid("the address cannot be asked")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := d.client.Do(req)
	if err != nil {
		return ClientConfig{}, unanswered(ctx, where, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := checkStatus(resp); err != nil {
		return ClientConfig{}, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return ClientConfig{}, unanswered(ctx, where, err)
	case len(body) > maxDocument:
		return ClientConfig{}, invalid("the answer is larger than %d bytes", maxDocument)
	}
	cfg, err := parseDocument(body)
	if err != nil && webContent(resp.Header, body) {
		return ClientConfig{}, invalid("a web page answered, not a JSON document; is this the issuer's address?")
	}
	return cfg, err
}

// unanswered wraps the error of the caller's context, and not that of the client's own
// time limit, which is no deadline of the caller's.
func unanswered(ctx context.Context, where string, err error) error {
	var timeout net.Error
	switch {
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case ctx.Err() == nil && errors.As(err, &timeout) && timeout.Timeout():
		return &url.Error{Op: "Get", URL: where, Err: errors.New("no answer within the client's time limit")}
	}
	return err
}

func checkStatus(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone, code == http.StatusNotImplemented:
		return fmt.Errorf("%w: HTTP %d", ErrNotFound, code)
	case code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("the server answered HTTP %d", code)
	case code >= 300 && code < 400:
		return invalid("the server redirects%s (HTTP %d) and redirects are not followed; use the issuer's own address", target(resp), code)
	default:
		return invalid("the server answered HTTP %d; 200 with a JSON document is needed", code)
	}
}

// target is the host that a redirect points to, without its path and query.
func target(resp *http.Response) string {
	u, err := resp.Location()
	if err != nil || u.Host == "" || checkText("", u.Host) != nil {
		return ""
	}
	return fmt.Sprintf(" to %q", u.Scheme+"://"+u.Host)
}

func webContent(h http.Header, body []byte) bool {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media == "text/html" || strings.HasPrefix(strings.TrimSpace(string(body[:min(len(body), 64)])), "<")
}
