package flow_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// The engine reads how long to wait from whatever error has this method.
func TestRetryAfterIsPartOfTheError(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-1": 0, "1000000": 24 * time.Hour} {
		_, env := tokenEndpoint(t, comeBack(429, header))
		_, err := flow.Stored{}.Renew(t.Context(), env, person())
		waiting, ok := errors.AsType[interface {
			error
			RetryAfter() time.Duration
		}](fmt.Errorf("outer: %w", err))
		if !ok || waiting.RetryAfter() != want {
			t.Errorf("%q: got %v, want %v", header, waiting, want)
		}
	}
	_, err := flow.Stored{}.Obtain(t.Context(), auth.Env{}, nil)
	if own, ok := errors.AsType[*flow.Error](err); !ok || own.RetryAfter() != 0 {
		t.Errorf("got %v", err)
	}
}

// A 5xx with an OAuth error passes, as far as anyone can tell, and may be an expired
// refresh token: the error says both.
func TestAServerFaultIsTransientAndNamed(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		fault  bool
	}{
		"server_error":     {answers(500, js, `{"error":"server_error","error_description":"refresh token expired"}`), true},
		"another code":     {answers(502, js, `{"error":"invalid_grant"}`), true},
		"says it passes":   {answers(503, js, `{"error":"temporarily_unavailable"}`), false},
		"no OAuth error":   {answers(500, js, `{"status":500,"error":"Internal Server Error"}`), false},
		"error object":     {answers(500, js, `{"error":{"code":500}}`), false},
		"web page":         {answers(500, "text/html", "<html>"), false},
		"with a 400":       {answers(400, js, `{"error":"server_error"}`), false},
		"too many":         {answers(429, js, `{"error":"server_error"}`), false},
		"no answer at all": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
	} {
		_, env := tokenEndpoint(t, tc.answer)
		_, err := flow.Stored{}.Renew(t.Context(), env, person())
		if err == nil || errors.Is(err, auth.ErrServerFault) != tc.fault || errors.Is(err, auth.ErrRejected) {
			t.Errorf("%s: got %v, a server fault %v", name, err, !tc.fault)
		}
	}
}

func TestAnErrorThatIsNoTextIsShownAsItsCode(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"code":"token_gone","message":"it \u001b[31mhas gone"}}`: `token_gone, "it [31mhas gone"`,
		`{"error":{"code":190,"message":"no"}}`:                             `190, "no"`,
		`{"error":{"reason":"x"}}`:                                          `{"reason":"x"}`,
		`{"error":true}`:                                                    "true",
		`{"error":["a",  "b"]}`:                                             `["a","b"]`,
		`{"ok":false,"error_description":"gone"}`:                           `ok:false, "gone"`,
	} {
		_, env := tokenEndpoint(t, answers(400, "application/json", body))
		_, err := flow.Stored{}.Renew(t.Context(), env, person())
		if !errors.Is(err, auth.ErrRejected) {
			t.Errorf("%s: got %v, want a refusal", body, err)
			continue
		}
		contains(t, err.Error(), "HTTP 400 Bad Request, "+want+"; ")
	}
}

// The response to one token may repeat the other, in any form.
func TestNeitherTokenOfARevocationIsShown(t *testing.T) {
	t.Parallel()
	login := person()
	for name, said := range map[string]string{
		"access":  login.AccessToken,
		"refresh": login.RefreshToken,
		"folded":  login.AccessToken[:9] + "\r\n  " + login.AccessToken[9:] + " " + strings.ToUpper(login.RefreshToken),
		"base64":  base64.StdEncoding.EncodeToString([]byte(login.AccessToken + ":" + login.RefreshToken)),
		"hidden":  strings.Join(strings.Split(login.RefreshToken, ""), "\u200b") + "\u202e" + login.AccessToken,
	} {
		_, env := tokenEndpoint(t, answers(400, "application/json", fmt.Sprintf(`{"error":"invalid_client","error_description":%q}`, said)))
		set(env, func(c *configstore.ClientConfig) { c.RevocationEndpoint = c.TokenEndpoint })
		err := flow.Stored{}.Revoke(t.Context(), env, login)
		if err == nil || strings.Count(err.Error(), "[redacted]") < 2 {
			t.Errorf("%s: got %v", name, err)
		}
		plain := strings.NewReplacer(" ", "", "\u200b", "").Replace(strings.ToLower(err.Error()))
		for _, secret := range []string{login.AccessToken, login.RefreshToken, said} {
			if strings.Contains(plain, strings.ToLower(secret)) {
				t.Errorf("%s: %q shows up in %v", name, secret, err)
			}
		}
	}
}
