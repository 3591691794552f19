package jupyterhub

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// stateLife is how long a user may take to log in.
	stateLife = 10 * time.Minute
	// clockSkew is how far the wall clocks of two processes of one service may differ.
	clockSkew = time.Minute
)

// pending is a login that a browser has started. It is stored in an encrypted cookie of
// that browser.
type pending struct {
	State    string    `json:"state"`
	Verifier string    `json:"verifier"`
	Next     string    `json:"next"`
	End      time.Time `json:"end"`
}

// hasOAuth reports whether browsers can log in by the authorization code flow.
func (a *Auth) hasOAuth() bool {
	return a.config.Generation == Modern && a.here.clientID != "" && a.here.callback != ""
}

// callbackPath returns the path that the hub redirects browsers to, without escapes.
func (a *Auth) callbackPath() string {
	if u, err := url.Parse(a.here.callback); err == nil {
		return u.Path
	}
	return a.here.callback
}

// tokenCookie returns the name of a login's cookie: that of the hub's own library, or its
// escaped form if a cookie cannot have that name.
func (a *Auth) tokenCookie() string {
	inName := func(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }
	if strings.ContainsFunc(a.here.clientID, func(r rune) bool { return !inName(r) }) {
		return url.QueryEscape(a.here.clientID)
	}
	return a.here.clientID
}

// stateCookie returns the name of the cookie of a login in progress; there can be several.
func (a *Auth) stateCookie(state string) string {
	return a.tokenCookie() + "-oauth-state-" + state[:min(len(state), 8)]
}

// beginLogin redirects a browser to the hub's page (RFC 6749 §4.1.1, RFC 7636 §4.3).
func (a *Auth) beginLogin(w http.ResponseWriter, r *http.Request) error {
	p := pending{
		State: rand.Text(), Verifier: rand.Text() + rand.Text(), Next: a.returnPath(r.RequestURI),
		End: a.clock.Read().Wall().Add(stateLife),
	}
	var content bytes.Buffer
	compact := json.NewEncoder(&content)
	compact.SetEscapeHTML(false) // a browser drops cookies of more than 4 KiB
	if err := compact.Encode(p); err != nil {
		return err
	}
	name := a.stateCookie(p.State)
	sealed, err := a.seal(name, content.Bytes())
	if err != nil {
		return err
	}
	a.setCookie(w, r, name, sealed, stateLife)
	a.dropOldStates(w, r, len(name)+len(sealed))
	challenge := sha256.Sum256([]byte(p.Verifier))
	http.Redirect(w, r, a.here.hub+"api/oauth2/authorize?"+url.Values{
		"client_id": {a.here.clientID}, "redirect_uri": {a.here.callback}, "response_type": {"code"}, "state": {p.State},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), http.StatusFound)
	return nil
}

// returnPath returns the requested path if it is a page of this service, and the
// service's own prefix otherwise.
func (a *Auth) returnPath(requested string) string {
	home := cmp.Or(a.here.prefix, "/")
	u, err := url.Parse(requested)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) ||
		len(requested) > 2048 || u.Path == a.callbackPath() || !within(u.Path, a.here.path) {
		return home
	}
	if !strings.HasPrefix(u.EscapedPath(), home) { // the same path with other escapes
		u.RawPath = ""
		u.Path = "/" + strings.TrimPrefix(u.Path, a.here.path)
		return strings.TrimSuffix(home, "/") + u.RequestURI()
	}
	return u.RequestURI()
}

// within reports whether a path is home or below it. A path with "." or ".." in it is
// not, since browsers and servers resolve "a/..//b" differently.
func within(requested, home string) bool {
	return strings.HasPrefix(requested, home) && !slices.ContainsFunc(strings.Split(requested, "/"), func(step string) bool {
		return step == "." || step == ".."
	})
}

// finishLogin handles the callback (RFC 6749 §4.1.2).
func (a *Auth) finishLogin(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	switch {
	case query.Has("error"):
		name := a.stateCookie(query.Get("state"))
		if _, err := a.pendingLogin(r, name, query.Get("state")); err == nil {
			a.setCookie(w, r, name, "", -1)
		}
		return bad("the hub rejected the login: " + cleaned(query.Get("error")))
	case query.Get("code") == "" || query.Get("state") == "":
		return bad("the hub sent no code and state")
	}
	name := a.stateCookie(query.Get("state"))
	p, err := a.pendingLogin(r, name, query.Get("state"))
	if err != nil {
		return err
	}
	a.setCookie(w, r, name, "", -1)
	token, life, err := a.exchange(r.Context(), query.Get("code"), p.Verifier)
	if err != nil {
		return err
	}
	u, err := a.UserForToken(r.Context(), token, WithoutCache(), WithSession(cookie(r.Cookies(), sessionCookie)))
	switch {
	case errors.Is(err, ErrNoUser): // the hub has just issued the token: not the user's fault
		return odd(http.StatusForbidden, "the new token identifies no user")
	case err != nil:
		return err
	}
	if err := a.Authorize(u); err != nil {
		return err
	}
	name = a.tokenCookie()
	sealed, err := a.seal(name, []byte(token))
	if err != nil {
		return err
	}
	a.setCookie(w, r, name, sealed, life)
	http.Redirect(w, r, p.Next, http.StatusFound)
	return nil
}

func bad(reason string) error { return &requestError{reason} }

// requestError is the error of a callback that cannot be part of a login.
type requestError struct{ reason string }

// Error returns the reason.
func (e *requestError) Error() string { return e.reason }

// pendingLogin returns the login with this state, if this browser has started it.
func (a *Auth) pendingLogin(r *http.Request, name, state string) (pending, error) {
	var p pending
	content, err := a.open(name, cookie(r.Cookies(), name))
	if err != nil {
		return p, ErrState
	}
	if err := json.Unmarshal(content, &p); err != nil || subtle.ConstantTimeCompare([]byte(p.State), []byte(state)) != 1 ||
		!p.lastsAt(a.clock.Read().Wall()) {
		return pending{}, ErrState
	}
	return p, nil
}

// lastsAt reports whether the user may still finish the login. A cookie holds a wall time
// only: an end that is too far away shows that the clock was set back since.
func (p pending) lastsAt(now time.Time) bool {
	left := p.End.Sub(now)
	return left > 0 && left <= stateLife+clockSkew
}

// exchange exchanges the code for a token (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (a *Auth) exchange(ctx context.Context, code, verifier string) (token string, life time.Duration, err error) {
	secret, err := a.here.token()
	if err != nil {
		return "", 0, err
	}
	status, body, err := a.send(ctx, http.MethodPost, "oauth2/token", "", url.Values{
		"client_id": {a.here.clientID}, "client_secret": {secret}, "grant_type": {"authorization_code"},
		"code": {code}, "redirect_uri": {a.here.callback}, "code_verifier": {verifier},
	})
	switch {
	case err != nil:
		return "", 0, err
	case status >= 500:
		return "", 0, fmt.Errorf("%w: HTTP status %d of %s", ErrUnavailable, status, a.here.api.Host)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "", 0, ErrOwnToken
	case status == http.StatusBadRequest && strings.Contains(string(body), "invalid_grant"):
		return "", 0, bad("the hub rejected the code, which is valid once and for a short time; log in again")
	case status != http.StatusOK:
		return "", 0, odd(status, withoutSecrets(oauthReason(body), secret, code, verifier))
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || !isToken(answer.AccessToken) ||
		answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "bearer") {
		return "", 0, odd(status, "the answer contains no token")
	}
	life = 14 * 24 * time.Hour // the hub's own default
	if answer.ExpiresIn > 0 {
		life = time.Duration(min(answer.ExpiresIn, 365*24*3600)) * time.Second
	}
	return answer.AccessToken, life, nil
}

func withoutSecrets(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			return "Unknown error"
		}
	}
	return text
}

// tokenInCookies returns the token of a browser's login; empty if it has none.
func (a *Auth) tokenInCookies(cookies []*http.Cookie) (string, error) {
	if !a.hasOAuth() {
		return "", nil
	}
	name := a.tokenCookie()
	value := cookie(cookies, name)
	if value == "" {
		return "", nil
	}
	token, err := a.open(name, value)
	return string(token), err
}

func (a *Auth) setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	c := &http.Cookie{ //nolint:gosec // Secure if the browser uses https
		Name: name, Value: value, Path: cmp.Or(a.here.prefix, "/"), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || strings.EqualFold(firstWord(r.Header.Get("X-Forwarded-Proto")), "https"),
		MaxAge: int(life.Seconds()),
	}
	if life < 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// firstWord returns the first value of a header that proxies append to.
func firstWord(header string) string {
	first, _, _ := strings.Cut(header, ",")
	return strings.TrimSpace(first)
}
