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
	"slices"
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
// have it. Keys may be snake_case or camelCase. The issuer may also be given as the
// address of one of these documents.
//
// The document must name the issuer that was asked for (RFC 8414 §3.3) and a token
// endpoint; one that does not is left out, as long as another place has one that does.
// A Flyte host publishes the document of its identity provider: if no document names
// the host itself, the issuers that they do name are asked, once, and must confirm
// their own name. Endpoints must be https, or http on a loopback address, see
// [AllowPlaintext]; an optional field that must not be used counts as not set.
// RevocationEndpoint, AuthMethods and IssRequired are set too; ClientID, Scopes and
// HeaderKey are not in such documents, see [Overlay].
//
// Requests carry no credentials or cookies and follow no redirects; an answer
// may have 1 MiB and take as long as hc.Timeout, 30 seconds if that is zero or
// hc nil. With a nil hc a ClientSet lends its own client, with the TLS and proxy settings
// of its options; elsewhere it is one for the proxies of the environment. The error names
// every place and why its answer cannot be used. It is [ErrNotFound] when no document is
// published, [ErrInvalid] when there are only some that must not be used, and transient
// when one of the places may have had one; it never quotes an answer's body. Nothing is
// cached, see [Cached].
func Discovery(issuer string, hc *http.Client) ClientConfigStore {
	return &discovery{issuer: issuer, client: newRequester(hc)}
}

type discovery struct {
	issuer string
	client *requester
}

func (d *discovery) ClientConfig(ctx context.Context) (ClientConfig, error) {
	if err := ctx.Err(); err != nil {
		return ClientConfig{}, &Error{Op: opDiscover, Err: err}
	}
	issuer := issuerOf(d.issuer)
	given, _ := url.Parse(issuer) // nil where checkIssuer finds the mistake
	s := search{client: d.client, plaintext: permissionOf(ctx).hosts(given)}
	cfg, err := s.find(ctx, "the issuer", issuer)
	if err == nil {
		return cfg, nil
	}
	for _, named := range s.named {
		cfg, again := s.find(ctx, "the issuer named by "+path(named.where), named.issuer)
		if again == nil {
			return cfg, nil
		}
	}
	return ClientConfig{}, s.failure(issuer)
}

// search looks for one document that can be used, and records what was in its way.
type search struct {
	client    *requester
	plaintext []string // hosts that need no TLS
	tries     []try
	named     []naming // by the documents of the first issuer, in their order
	hopped    bool     // the first issuer is done with
	rest      ClientConfig
}

// try is a place and why its answer cannot be used.
type try struct {
	where string
	err   error
}

type naming struct{ where, issuer string }

// find returns what the first usable document among the places of issuer says.
func (s *search) find(ctx context.Context, what, issuer string) (ClientConfig, error) {
	defer func() { s.hopped = true }()
	u, err := checkIssuer(what, issuer, s.plaintext...)
	if err != nil {
		s.tries = append(s.tries, try{"", err})
		return ClientConfig{}, err
	}
	for _, where := range places(u) {
		var cfg ClientConfig
		var wrong []flaw
		if cfg, wrong, err = s.read(ctx, where); err == nil {
			cfg, err = s.confirm(cfg, wrong, issuer)
		}
		if err == nil {
			return cfg, nil
		}
		s.tries = append(s.tries, try{where, err})
		if other, ok := errors.AsType[*otherIssuerError](err); ok {
			s.name(where, other.named)
		}
		if unreachable := (*url.Error)(nil); ctx.Err() != nil || errors.As(err, &unreachable) {
			break // the other places are on the same host
		}
	}
	return ClientConfig{}, err
}

// name records an issuer that is asked if there is no document of the first.
func (s *search) name(where, issuer string) {
	if !s.hopped && !slices.ContainsFunc(s.named, func(n naming) bool { return n.issuer == issuer }) {
		s.named = append(s.named, naming{where, issuer})
	}
}

// confirm returns the sound fields of a document that was asked for as that of issuer,
// with those that an incomplete document of the same issuer had.
func (s *search) confirm(cfg ClientConfig, wrong []flaw, issuer string) (ClientConfig, error) {
	if cfg.Issuer != issuer {
		return ClientConfig{}, invalid("%w", &otherIssuerError{asked: issuer, named: cfg.Issuer})
	}
	if s.rest.Issuer != issuer {
		s.rest = ClientConfig{}
	}
	sound, err := cfg.sound(append(wrong, cfg.flaws(s.plaintext...)...))
	if flawed, ok := errors.AsType[*flawedError](err); ok {
		s.rest = s.rest.WithOverride(flawed.rest)
		return ClientConfig{}, err
	}
	s.rest = s.rest.WithOverride(sound)
	if sound.TokenEndpoint == "" {
		return ClientConfig{}, invalid("the document names no token_endpoint")
	}
	return s.rest, nil
}

// failure returns an error that names every place and its reason. It wraps those of the
// reasons that leave most hope: one that may pass, or else one that an administrator can
// change.
func (s *search) failure(issuer string) error {
	e := &searchError{tries: s.tries, kind: ErrNotFound}
	if u, err := checkIssuer("", issuer, s.plaintext...); err == nil {
		e.host = u.Scheme + "://" + u.Host
	} else {
		issuer = "" // it may hold a password
	}
	if s.has(isInvalid) {
		e.kind = ErrInvalid
	}
	if s.has(isPassing) {
		e.kind = nil
	}
	var err error = e
	if s.rest.Issuer != "" && e.kind != nil { // a program that sets the rest by itself can log in
		flaws := []flaw{{FieldTokenEndpoint, e}}
		for _, t := range s.tries {
			if flawed, ok := errors.AsType[*flawedError](t.err); ok {
				flaws = append(flaws, flawed.bad...)
			}
		}
		err = &flawedError{e, s.rest, flaws}
	}
	return &Error{Op: opDiscover, Source: issuer, Err: err}
}

func (s *search) has(what func(error) bool) bool {
	return slices.ContainsFunc(s.tries, func(t try) bool { return what(t.err) })
}

func isInvalid(err error) bool { return errors.Is(err, ErrInvalid) }

func isPassing(err error) bool { return !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrNotFound) }

// searchError is why no place had a usable document.
type searchError struct {
	host  string // of the issuer, with its scheme
	tries []try
	kind  error // ErrNotFound, ErrInvalid, or nil for an error that may pass
}

func (e *searchError) Error() string {
	texts := make([]string, len(e.tries))
	for i, t := range e.tries {
		texts[i] = t.err.Error()
		for _, known := range []error{ErrInvalid, ErrNotFound} {
			texts[i] = strings.TrimPrefix(texts[i], known.Error()+": ")
		}
		if t.where != "" {
			texts[i] = strings.TrimPrefix(t.where, e.host) + ": " + texts[i]
		}
	}
	text := strings.Join(texts, "; ")
	if e.kind != nil {
		text = e.kind.Error() + ": " + text
	}
	return text
}

func (e *searchError) Unwrap() []error {
	if e.kind == ErrNotFound { //nolint:errorlint // one of two values
		return []error{ErrNotFound}
	}
	is := isPassing
	if e.kind != nil {
		is = isInvalid
	}
	var errs []error
	for _, t := range e.tries {
		if is(t.err) {
			errs = append(errs, t.err)
		}
	}
	return errs
}

// otherIssuerError says that a document belongs to another issuer (RFC 8414 §3.3).
type otherIssuerError struct{ asked, named string }

func (e *otherIssuerError) Error() string {
	named := e.named
	if checkText("", named) != nil {
		named = "(a text that is no URL)"
	}
	return fmt.Sprintf("asked for %q, the document says %q (RFC 8414 §3.3)", e.asked, named)
}

const oauthSegment, openidSegment = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"

// places are the URLs of RFC 8414 §3.1 and OpenID Connect Discovery §4.1.
func places(issuer *url.URL) []string {
	host := issuer.Scheme + "://" + issuer.Host
	path := strings.TrimRight(issuer.EscapedPath(), "/")
	urls := []string{host + oauthSegment + path, host + path + openidSegment}
	if path != "" {
		urls = append(urls, host+path+oauthSegment)
	}
	return urls
}

// path returns the path of one of the places.
func path(where string) string {
	if u, err := url.Parse(where); err == nil {
		return u.Path
	}
	return where
}

// issuerOf returns the issuer of address, which may be that of its document.
func issuerOf(address string) string {
	address = strings.TrimSpace(address)
	for _, segment := range []string{oauthSegment, openidSegment} {
		before, after, found := strings.Cut(address, segment)
		if found && (after == "" || strings.HasPrefix(after, "/")) {
			return before + strings.TrimSuffix(after, "/")
		}
	}
	return address
}

// read returns the document at where, without the fields of a wrong type, which are
// returned beside it.
func (s *search) read(ctx context.Context, where string) (ClientConfig, []flaw, error) {
	body, header, err := s.get(ctx, where)
	if err != nil {
		return ClientConfig{}, nil, err
	}
	cfg, err := parseDocument(body)
	if flawed, ok := errors.AsType[*flawedError](err); ok && flawed.rest.Issuer != "" {
		return flawed.rest, flawed.bad, nil
	}
	if err != nil && webContent(header, body) {
		return ClientConfig{}, nil, invalid("a web page answered, not a JSON document; is this the issuer's address?")
	}
	return cfg, nil, err
}

func (s *search) get(ctx context.Context, where string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, nil, invalid("the address cannot be asked")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.do(req)
	if err != nil {
		return nil, nil, unanswered(ctx, where, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := checkStatus(resp); err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, nil, unanswered(ctx, where, err)
	case len(body) > maxDocument:
		return nil, nil, invalid("the answer is larger than %d bytes", maxDocument)
	}
	return body, resp.Header, nil
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
		return later(resp)
	case code >= 300 && code < 400:
		return refused("the server redirects%s (HTTP %d) and redirects are not followed; use the issuer's own address", target(resp), code)
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return refused("the server answered HTTP %d; 200 with a JSON document is needed", code)
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
