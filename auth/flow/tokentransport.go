package flow

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/peer"
	"github.com/jetway-go/jetway/internal/retryafter"
)

// tokenTransport sends one token request. It reads and checks the answer, so that its
// caller gets either a success or a [*TokenError].
type tokenTransport struct {
	base  http.RoundTripper
	host  string
	req   tokenRequest
	known *fault.Secrets

	doubt   string // why the expiry of the token is not known
	rotated string // the refresh token of an answer that is of no other use
}

func (t *tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Cache-Control", "no-store")
	if t.req.style == StyleBasicRaw {
		r.Header.Set("Authorization", "Basic "+basicValue(t.req.clientID, t.req.clientSecret))
	}
	resp, err := t.base.RoundTrip(r)
	resp, err = peer.Unasked(r, resp, err)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	token, err := t.judge(resp)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(token)
	if err != nil {
		return nil, err
	}
	plain := *resp
	plain.Header = http.Header{"Content-Type": {"application/json"}}
	plain.Body, plain.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return &plain, nil
}

// plainToken is a success in the form that x/oauth2 reads correctly.
type plainToken struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ExpiresIn    int64  `json:"expires_in,omitempty"`
}

// brokenAnswerError is the network error of an answer that arrived in part.
type brokenAnswerError struct {
	status  int
	content string // as in TokenError
	err     error
}

func (e *brokenAnswerError) Error() string { return e.err.Error() }
func (e *brokenAnswerError) Unwrap() error { return e.err }

// judge reads the answer. Errors are a [*TokenError] or a [*brokenAnswerError].
func (t *tokenTransport) judge(resp *http.Response) (plainToken, error) {
	te := t.req.failure(t.host)
	body, lost := readAnswer(resp, te, t.known)
	a, err := parseAnswer(resp.Header.Get("Content-Type"), body)
	success := te.Status >= 200 && te.Status < 300
	if success && a.errorCode == "" && checkToken(a.refreshToken) == nil {
		t.rotated = a.refreshToken // the server may have ended the one before it
	}
	if lost != nil {
		return plainToken{}, lost
	}
	te.tell(a, t.known)
	switch {
	case te.Code != "":
		return plainToken{}, te
	case err != nil:
		te.reason = err.Error()
		return plainToken{}, te
	case !success:
		return plainToken{}, te
	}
	t.doubt = a.doubt
	return plainToken{a.accessToken, a.refreshToken, a.expiresIn}, nil
}

// readAnswer reads the body, unless it is a redirect or too large, and sets the status in
// te. Errors are te or a [*brokenAnswerError]; the body beside the latter is incomplete.
func readAnswer(resp *http.Response, te *TokenError, known *fault.Secrets) ([]byte, error) {
	te.Status, te.RetryAfter = resp.StatusCode, retryAfter(resp.Header, time.Now())
	te.content = contentOf(resp, known)
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		te.reason = "redirects to " + target(resp, known) + ", not followed: it would carry secrets there; configure the final URL"
		return nil, te
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return body, &brokenAnswerError{te.Status, te.content, err}
	case len(body) > maxAnswer:
		te.reason = fmt.Sprintf("the answer is larger than %d MiB", maxAnswer>>20)
		return nil, te
	}
	return body, nil
}

// tell sets what an error response says.
func (e *TokenError) tell(a answer, known *fault.Secrets) {
	known.Add(a.held...)
	e.Code, e.Description = errorCode(a.errorCode, known), known.Text(a.errorMessage, fault.MaxForeign)
}

// errorCode returns a code of the table as it is, even where a short secret is a part of
// it.
func errorCode(said string, known *fault.Secrets) string {
	for _, c := range classes() {
		if slices.Contains(c.codes, said) {
			return said
		}
	}
	if said == "unsupported_response_type" || said == "unsupported_token_type" {
		return said
	}
	return known.Text(said, maxCode)
}

// maxCode is more than any error code has; an error that is an object is longer.
const maxCode = 200

// contentOf names the media type of a response for an error.
func contentOf(resp *http.Response, known *fault.Secrets) string {
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if media = known.Text(media, 100); media != "" {
		return "content type " + media
	}
	return "no content type"
}

// target returns the server of a redirect, without what is unsafe to print.
func target(resp *http.Response, known *fault.Secrets) string {
	to, err := resp.Location()
	if err != nil || to.Host == "" {
		return "nowhere"
	}
	return known.Text(to.Scheme+"://"+to.Host, 100)
}

// hardened returns the caller's client with our transport and without redirects. Its TLS
// and proxy settings are in the transport; it keeps a time limit of its own.
func hardened(hc *http.Client, rt http.RoundTripper) *http.Client {
	own := http.Client{}
	if hc != nil {
		own = *hc
	}
	own.Transport = rt
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

func transportOf(hc *http.Client) http.RoundTripper {
	if c := peer.Client(hc); c.Transport != nil {
		return c.Transport
	}
	return http.DefaultTransport
}

func basicValue(id, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
}

// retryAfter returns how long the server wants to be left alone; zero if it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	wait, _ := retryafter.Parse(h.Get("Retry-After"), now)
	return wait
}

// checkEndpoint returns the host of an endpoint, and an error if secrets must not be
// sent there.
func checkEndpoint(env auth.Env, purpose, address string) (host string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", setting(fmt.Errorf("the %s endpoint is no absolute URL", purpose))
	}
	host = fault.Foreign(u.Host, 255)
	switch {
	case u.User != nil:
		err = fmt.Errorf("the %s endpoint's URL must not carry a user name or password", purpose)
	case u.Fragment != "":
		err = fmt.Errorf("the %s endpoint's URL must not have a fragment", purpose) // RFC 6749 §3.1 and §3.2
	case u.Scheme == "https", u.Scheme == "http" && (env.Plaintext || endpoint.IsLoopback(u.Hostname())):
		return host, nil
	default:
		err = &plaintextError{fault.Foreign(u.Scheme, 20)}
	}
	return host, setting(err)
}

// plaintextError says that an endpoint of this scheme gets no secrets.
type plaintextError struct{ scheme string }

func (e *plaintextError) Error() string {
	return fmt.Sprintf("refusing %s: secrets are sent over https, or over http on this machine only (127.0.0.1, ::1, localhost)", e.scheme)
}

func (e *plaintextError) Is(target error) bool {
	return target == configstore.ErrPlaintext && e.scheme == "http"
}

// withoutSecrets returns a network error without secrets. errors.Is still finds what err
// wraps, unless a server put a secret into its text.
func withoutSecrets(s *fault.Secrets, err error) error {
	if ue := (*url.Error)(nil); errors.As(err, &ue) {
		err = ue.Err // without the URL, whose query may be secret
	}
	if text := err.Error(); s.Find(text) || text != fault.Foreign(text, fault.MaxForeign) {
		return errors.New(s.Text(text, fault.MaxForeign))
	}
	return err
}
