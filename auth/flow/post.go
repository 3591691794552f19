package flow

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/peer"
)

// post makes one request to an endpoint that issues no tokens, and returns the body of a
// success; see [once].
func post(caller, ctx context.Context, hc *http.Client, host string, req tokenRequest) ([]byte, *TokenError) {
	known := req.secrets()
	r, err := req.http(ctx)
	if err != nil {
		te := req.failure(host)
		te.reason = "its URL cannot be requested"
		return nil, te
	}
	rt := &postTransport{base: transportOf(hc), te: req.failure(host), known: known}
	resp, err := hardened(hc, rt).Do(r)
	te := (*TokenError)(nil)
	switch {
	case errors.As(err, &te):
		return nil, te
	case err != nil:
		return nil, req.lost(caller, known, host, err)
	}
	defer resp.Body.Close()
	if te = rt.te; te.Code == "" && te.Status >= 200 && te.Status < 300 {
		return rt.body, nil
	}
	return nil, te
}

// postTransport sends one such request, and reads the answer before net/http acts on a
// redirect in it.
type postTransport struct {
	base  http.RoundTripper
	te    *TokenError // of the answer, whether it is a failure or not
	known *fault.Secrets
	body  []byte
}

func (t *postTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(r)
	resp, err = peer.Unasked(r, resp, err)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if t.body, err = readAnswer(resp, t.te, t.known); err != nil {
		return nil, err
	}
	a, _ := parseAnswer(resp.Header.Get("Content-Type"), t.body) // an error says that it is no token, which is right here
	t.te.tell(a, t.known)
	plain := *resp
	plain.Body, plain.ContentLength = http.NoBody, 0
	return &plain, nil
}

// http writes the request, with client authentication as RFC 6749 §2.3.1 has it.
func (r tokenRequest) http(ctx context.Context) (*http.Request, error) {
	form := url.Values{}
	maps.Copy(form, r.form)
	if r.style == StyleForm {
		form.Set("client_id", r.clientID)
		setIfAny(form, "client_secret", r.clientSecret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Cache-Control", "no-store")
	if r.style == StyleBasic {
		req.Header.Set("Authorization", "Basic "+basicValue(url.QueryEscape(r.clientID), url.QueryEscape(r.clientSecret)))
	}
	if r.style == StyleBasicRaw {
		req.Header.Set("Authorization", "Basic "+basicValue(r.clientID, r.clientSecret))
	}
	return req, nil
}
