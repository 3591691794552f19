package introspect

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc/status"
)

const (
	maxToken  = 64 << 10 // bytes; a longer token is not sent
	maxAnswer = 1 << 20
	// maxCached is the largest answer that is cached, in bytes; it bounds the cache
	// together with the number of entries.
	maxCached = 16 << 10
)

// claims returns what the authorization server says of an acceptable token: as it is
// cached, or by one request for all calls that need the answer at the same time. The
// request outlives the call that started it; every call leaves when its ctx ends.
func (v *Verifier) claims(ctx context.Context, token string) (map[string]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, status.FromContextError(err).Err()
	}
	key := cacheKey(sha256.Sum256([]byte(token)))
	if claims := v.known.get(key, v.clock.Read()); claims != nil {
		return maps.Clone(claims), nil
	}
	shared := context.WithoutCancel(ctx)
	answer := v.flights.DoChan(string(key[:]), func() (any, error) {
		if claims := v.known.get(key, v.clock.Read()); claims != nil { // stored since the first look
			return claims, nil
		}
		return v.askAndKeep(shared, key, token)
	})
	select {
	case r := <-answer:
		claims, _ := r.Val.(map[string]any)
		return maps.Clone(claims), r.Err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (v *Verifier) askAndKeep(ctx context.Context, key cacheKey, token string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, v.config.Timeout)
	defer cancel()
	body, err := v.ask(ctx, token)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := json.Unmarshal(body, &claims); err != nil { // its text may quote the answer
		return nil, v.fail(broken, "the answer is not a JSON object; is this the introspection endpoint?")
	}
	now := v.clock.Read()
	expiry, err := v.config.check(claims, now.Wall())
	if err != nil {
		return nil, err
	}
	life := v.config.MaxAge
	if !expiry.IsZero() {
		life = min(life, expiry.Sub(now.Wall()))
	}
	if len(body) <= maxCached {
		v.known.put(key, claims, now.Add(life))
	}
	return claims, nil
}

// ask sends one request (RFC 7662 §2.1) and returns the body of its 200 answer.
func (v *Verifier) ask(ctx context.Context, token string) ([]byte, error) {
	req, err := v.request(ctx, token)
	if err != nil {
		return nil, err
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return nil, v.fail(transient, reason(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if err := v.checkStatus(resp.StatusCode); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, v.fail(transient, reason(err))
	case len(body) > maxAnswer:
		return nil, v.fail(broken, fmt.Sprintf("the answer is larger than %d bytes", maxAnswer))
	}
	return body, nil
}

func (v *Verifier) request(ctx context.Context, token string) (*http.Request, error) {
	secret, err := readSecret(v.config.ClientSecret)
	if err != nil {
		return nil, &failure{kind: broken, why: "read ClientSecret", cause: err}
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	inHeader := secret != "" && !v.config.SecretInBody
	if !inHeader {
		form.Set("client_id", v.config.ClientID)
		if secret != "" {
			form.Set("client_secret", secret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.config.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, v.fail(broken, "the endpoint's URL cannot be requested")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if inHeader { // each part form-encoded: RFC 6749 §2.3.1
		req.SetBasicAuth(url.QueryEscape(v.config.ClientID), url.QueryEscape(secret))
	}
	return req, nil
}

// readSecret turns a panic into an error: it runs in a goroutine of this package,
// where a panic would end the program past every recovery of the server.
func readSecret(read func() (string, error)) (secret string, err error) {
	if read == nil {
		return "", nil
	}
	defer func() {
		if recover() != nil {
			secret, err = "", errors.New("the function panicked")
		}
	}()
	if secret, err = read(); err == nil && secret == "" {
		err = errors.New("the secret is empty")
	}
	return secret, err
}

func (v *Verifier) checkStatus(code int) error {
	text := fmt.Sprintf("the server answered HTTP %d", code)
	switch {
	case code == http.StatusOK:
		return nil
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return v.fail(transient, text)
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return v.fail(broken, text+": it does not accept this service's client authentication; check ClientID, ClientSecret and SecretInBody")
	case code >= 300 && code < 400:
		return v.fail(broken, text+": redirects are not followed; use the endpoint's own URL")
	default:
		return v.fail(broken, text+"; 200 is needed; check Endpoint")
	}
}

func (v *Verifier) fail(k kind, why string) error {
	return &failure{kind: k, why: "ask " + v.where + ": " + why}
}

// reason describes why there is no answer. The texts of other errors may quote what
// the server sent, and a server can send back the token.
func reason(err error) string {
	var timeout net.Error
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &network):
		return network.Error()
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before the answer was complete"
	default:
		return "no valid HTTP answer"
	}
}
