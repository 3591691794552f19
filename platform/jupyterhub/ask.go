package jupyterhub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/internal/fault"
)

const (
	askLimit  = 20 * time.Second
	maxAnswer = 1 << 20
)

// ask makes the request to the hub that answers q.
func (a *Auth) ask(ctx context.Context, q question) (*User, error) {
	path, token := "user", q.value
	if a.config.Generation == Legacy {
		path = "authorizations/token/" + url.PathEscape(q.value)
		if q.kind == "cookie" {
			path = "authorizations/cookie/" + url.PathEscape(a.cookie) + "/" + url.PathEscape(q.value)
		}
		var err error
		if token, err = a.here.token(); err != nil {
			return nil, err
		}
	}
	status, body, err := a.send(ctx, http.MethodGet, path, token, nil)
	if err != nil {
		a.log.ErrorContext(ctx, "the request to the hub failed", slog.Any("error", err))
		return nil, err
	}
	u, err := a.judge(status, body)
	switch {
	case errors.Is(err, ErrNoUser):
		a.log.WarnContext(ctx, "the hub identifies no user for a request")
	case err != nil:
		a.log.ErrorContext(ctx, "the hub did not identify the caller", slog.Any("error", err))
	}
	return u, err
}

// judge reads the hub's answer. Status 403 has three meanings: the caller's token is not
// valid ("Forbidden"); it lacks the scope to read its owner; and, for a request with the
// service's own token, that this token is not valid.
func (a *Auth) judge(status int, body []byte) (*User, error) {
	legacy := a.config.Generation == Legacy
	switch {
	case status == http.StatusOK:
		return parseUser(body)
	case status == http.StatusForbidden && legacy:
		return nil, ErrOwnToken
	case status == http.StatusForbidden:
		if message := reasonIn(body); strings.Contains(message, "scope") {
			return nil, fmt.Errorf("looking up the caller is %w: %s", ErrNotAllowed, message)
		}
		return nil, noUser(body)
	case status == http.StatusNotFound && legacy:
		return nil, noUser(body)
	case status == http.StatusNotFound:
		return nil, odd(status, "there is no such API; for a hub before 2.0 set Generation to Legacy, else check "+EnvAPIURL)
	case status >= 500, status == http.StatusTooManyRequests:
		return nil, fmt.Errorf("%w: HTTP status %d of %s", ErrUnavailable, status, a.here.api.Host)
	default:
		return nil, odd(status, oauthReason(body))
	}
}

// errForeign marks an answer that may come from a proxy in front of the hub.
var errForeign = errors.New("the answer does not have the form of the hub's")

// noUser is the error of an answer that the token or cookie is not valid.
func noUser(body []byte) error {
	if reasonIn(body) == "" {
		return fmt.Errorf("%w (%w)", ErrNoUser, errForeign)
	}
	return ErrNoUser
}

// reasonIn returns the message in an answer of the hub's API; empty for none.
func reasonIn(body []byte) string {
	var answer struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &answer) // a web page has none
	return cleaned(answer.Message)
}

// oauthReason returns the reason in an error response of OAuth (RFC 6749 §5.2).
func oauthReason(body []byte) string {
	var answer struct {
		Description string `json:"error_description"`
		Error       string `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // a web page has none
	for _, reason := range []string{cleaned(answer.Description), cleaned(answer.Error)} {
		if reason != "" {
			return reason
		}
	}
	return "Unknown error"
}

// cleaned makes text from an answer fit for one line of an error.
func cleaned(text string) string { return fault.Foreign(text, fault.MaxForeign) }

// send makes a request to the hub's API, with form as its body unless that is nil.
func (a *Auth) send(ctx context.Context, method, path, token string, form url.Values) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	var content io.Reader
	if form != nil {
		content = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, a.here.api.String()+"/"+path, content)
	if err != nil {
		return 0, nil, errors.New("the URL of the API is not valid")
	}
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "token "+token)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return 0, nil, a.unreachable(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, a.unreachable(err)
	}
	return resp.StatusCode, body, nil
}

// unreachable is the error of a failed request, with the hub's address and advice. It
// contains the cause as text only: a timeout in it is this package's, not the caller's,
// and its URL may end with a token.
func (a *Auth) unreachable(cause error) error {
	if e, ok := errors.AsType[*url.Error](cause); ok {
		cause = e.Err
	}
	if strings.Contains(cause.Error(), "Location header") { // which may contain the token
		cause = errors.New("it redirects to an invalid address")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	hint := ""
	if endpoint.IsLoopback(a.here.api.Hostname()) {
		hint = " Only a hub on this machine answers there: elsewhere set " + EnvAPIURL +
			", and hub_ip in the hub's configuration to an address that this host reaches."
	}
	if a.config.or(a.config.APIURL, EnvAPIURL) == "" {
		if guessed := a.config.misspelt(EnvAPIURL); guessed != "" {
			hint += " " + guessed + "."
		}
	}
	return fmt.Errorf("%w at '%s'. Is the Hub accessible at this URL (from host: %s)?%s (%s)",
		ErrUnreachable, a.here.api, host, hint, cause.Error())
}
