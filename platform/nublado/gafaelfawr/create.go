package gafaelfawr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/internal/peer"
	"github.com/jetway-go/jetway/internal/retryafter"
)

const (
	maxAnswer = 1 << 20
	timeLimit = 30 * time.Second
)

// Client makes requests to one Gafaelfawr. It is safe for concurrent use.
type Client struct {
	// URL is the URL of version 1 of the API, which service discovery returns, such as
	// https://data.example.com/auth/api/v1. Required.
	URL string
	// HTTP makes the requests; nil means a new client. A request may take half a
	// minute. Redirects are not followed, because the request carries a token.
	HTTP *http.Client
}

// CreateToken creates a token. The token admin authorizes the request, and needs the
// scope admin:token. The error is an [*Error], or that of ctx.
func (c Client) CreateToken(ctx context.Context, admin Token, r Request) (Token, error) {
	address := strings.TrimRight(c.URL, "/") + "/tokens"
	if r.Type == "" {
		r.Type = Service
	}
	if err := r.Check(time.Now()); err != nil {
		return Token{}, &Error{Kind: ErrInvalidRequest, URL: address, Message: err.Error()}
	}
	if err := checkAddress(address); err != nil {
		return Token{}, &Error{Kind: ErrWeb, URL: c.URL, Message: err.Error(), Err: auth.ErrMisconfigured}
	}
	limited, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	status, header, body, err := c.post(limited, address, admin, r)
	switch {
	case ctx.Err() != nil:
		return Token{}, ctx.Err()
	case err != nil:
		return Token{}, &Error{Kind: ErrWeb, URL: address, Message: oneLine(admin.hide(err.Error())), Err: scrubbed(admin, err)}
	case status < 200 || status > 299:
		return Token{}, failure(address, admin, status, header, body)
	}
	var made struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(body, &made) != nil {
		return Token{}, &Error{Kind: ErrWeb, URL: address, Status: status, Message: "the answer is not JSON with a token"}
	}
	t, err := ParseToken(made.Token)
	if err != nil {
		return Token{}, &Error{Kind: ErrWeb, URL: address, Status: status, Message: err.Error(), Err: err}
	}
	return t, nil
}

func (c Client) post(ctx context.Context, address string, admin Token, r Request) (status int, h http.Header, body []byte, err error) {
	type wire struct {
		Username string     `json:"username"`
		Type     TokenType  `json:"token_type"`
		Name     *string    `json:"token_name,omitempty"`
		Scopes   []string   `json:"scopes"`
		Expires  *time.Time `json:"expires"`
	}
	w := wire{Username: r.Username, Type: r.Type, Scopes: append([]string{}, r.Scopes...)}
	if r.Name != "" {
		w.Name = &r.Name
	}
	if !r.Expires.IsZero() {
		at := r.Expires.UTC().Truncate(time.Second)
		w.Expires = &at
	}
	content, err := json.Marshal(w)
	if err != nil {
		return 0, nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(content))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+admin.Reveal())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	hc := peer.Client(c.HTTP)
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	hc.Jar = nil
	resp, err := hc.Do(req) //nolint:bodyclose // it is, below
	resp, err = peer.Unasked(req, resp, err)
	if err != nil {
		if ue := (*url.Error)(nil); errors.As(err, &ue) {
			err = ue.Err // the URL is in the error already
		}
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, resp.Header, body, err
}

// checkAddress returns an error for addresses that an administrator's token must not be
// sent to.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("not a URL with a host, and without user, query and fragment")
	case u.Scheme == "https", u.Scheme == "http" && endpoint.IsLoopback(u.Hostname()):
		return nil
	default:
		return fmt.Errorf("tokens are not sent by %.20s: use https, or http on this machine only", u.Scheme)
	}
}

// failure returns the error of an answer without success.
func failure(address string, admin Token, status int, h http.Header, body []byte) *Error {
	kind, message := parseDetail([]byte(admin.hide(string(body))))
	e := &Error{
		Kind: kindOf(status, kind), URL: address, Status: status, Type: kind, Message: message,
		Wait: retryAfter(strings.TrimSpace(h.Get("Retry-After")), time.Now()),
	}
	if status >= 300 && status < 400 {
		e.Message = "the answer is a redirect, which is not followed because the request carries a token"
	}
	return e
}

// retryAfter returns how long Gafaelfawr wants to be left alone; zero if it does not say.
func retryAfter(text string, now time.Time) time.Duration {
	wait, _ := retryafter.Parse(text, now)
	return wait.Round(time.Second)
}
