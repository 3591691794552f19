package flow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

func TestDeviceLoginThatFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		poll      http.HandlerFunc
		offer     string
		flow      flow.DeviceCode
		is, isNot error
		code      codes.Code
		took      time.Duration
	}{
		"denied":               {poll: says("access_denied"), is: flow.ErrDenied, isNot: auth.ErrRejected, code: codes.Unauthenticated, took: 5 * time.Second},
		"expired at theirs":    {poll: says("expired_token"), is: flow.ErrLoginTimeout, isNot: auth.ErrRejected, code: codes.Unauthenticated, took: 5 * time.Second},
		"expired here":         {poll: pending, is: flow.ErrLoginTimeout, isNot: context.DeadlineExceeded, code: codes.Unauthenticated, took: 15 * time.Minute},
		"expired soon":         {poll: pending, offer: strings.Replace(rfcOffer, "1800", "62", 1), is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: 62 * time.Second},
		"expired in a poll":    {poll: hang, offer: strings.Replace(rfcOffer, "1800", "7", 1), is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: 7 * time.Second},
		"no expiry":            {poll: pending, offer: strings.Replace(rfcOffer, "1800", "null", 1), is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: 10 * time.Minute},
		"negative expiry":      {poll: pending, offer: strings.Replace(rfcOffer, "1800", "-5", 1), is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: 10 * time.Minute},
		"endless expiry":       {poll: pending, offer: strings.Replace(rfcOffer, "1800", "1e300", 1), is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: 15 * time.Minute},
		"own limit":            {poll: pending, flow: flow.DeviceCode{Timeout: time.Minute}, is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: time.Minute},
		"unknown device code":  {poll: says("invalid_grant"), is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated, took: 5 * time.Second},
		"wrong client":         {poll: says("invalid_client"), is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated, took: 5 * time.Second},
		"nothing there":        {poll: answers(404, "text/plain", "no"), isNot: auth.ErrDeclined, code: codes.Unavailable, took: 5 * time.Second},
		"redirect":             {poll: http.RedirectHandler("https://evil.example/", http.StatusTemporaryRedirect).ServeHTTP, isNot: auth.ErrDeclined, code: codes.Unavailable, took: 5 * time.Second},
		"error in a 200":       {poll: answers(200, "application/json", `{"error":"invalid_scope"}`), is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated, took: 5 * time.Second},
		"declined":             {poll: says("authorization_declined"), is: flow.ErrDenied, isNot: auth.ErrRejected, code: codes.Unauthenticated, took: 5 * time.Second},
		"code expired":         {poll: says("code_expired"), is: flow.ErrLoginTimeout, isNot: auth.ErrRejected, code: codes.Unauthenticated, took: 5 * time.Second},
		"error object":         {poll: answers(400, "application/json", `{"error":{"code":"nope"}}`), is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated, took: 5 * time.Second},
		"bare 401":             {poll: answers(401, "text/plain", ""), is: auth.ErrRejected, isNot: auth.ErrDeclined, code: codes.Unauthenticated, took: 5 * time.Second},
		"denied in a 500":      {poll: answers(500, "application/json", `{"error":"access_denied"}`), is: flow.ErrDenied, isNot: auth.ErrRejected, code: codes.Unauthenticated, took: 5 * time.Second},
		"busy to the end":      {poll: comeBack(503, "86400"), is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: 15 * time.Minute},
		"an answer, endlessly": {poll: answers(200, "application/json", strings.Repeat("x", 2<<20)), is: flow.ErrLoginTimeout, code: codes.Unauthenticated, took: 15 * time.Minute},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tc.offer == "" {
					tc.offer = rfcOffer
				}
				d := &device{offer: grants(tc.offer), poll: tc.poll}
				env, _ := d.env()
				start := time.Now()
				c, err := tc.flow.Obtain(t.Context(), env, nil)
				own := (*flow.Error)(nil)
				if c != nil || !errors.As(err, &own) || own.Flow != "device_code" || status.Code(err) != tc.code {
					t.Fatalf("got %v and %v with code %v, want %v", c, err, status.Code(err), tc.code)
				}
				if tc.is != nil && !errors.Is(err, tc.is) || tc.isNot != nil && errors.Is(err, tc.isNot) {
					t.Errorf("got %v, want %v and not %v", err, tc.is, tc.isNot)
				}
				if errors.Is(err, flow.ErrLoginTimeout) && !errors.Is(err, auth.ErrDeclined) {
					t.Error("lapsing is no declining")
				}
				if took := time.Since(start); took != tc.took {
					t.Errorf("took %v, want %v", took, tc.took)
				}
			})
		})
	}
}

// What the configuration says of the client can be out of date at either endpoint.
func TestUnknownDeviceClientMakesTheNextLoginReadAgain(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*device{
		"asking for a code": {offer: says("invalid_client")},
		"polling":           {offer: grants(rfcOffer), poll: says("invalid_client")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env, _ := d.env()
				_, err := flow.DeviceCode{}.Obtain(t.Context(), env, nil)
				if cfg := env.Config.(*config); !errors.Is(err, auth.ErrRejected) || cfg.invalidated != 1 {
					t.Errorf("got %v, forgotten %d times, want once", err, cfg.invalidated)
				}
			})
		})
	}
}

func TestOffersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	js := func(body string) http.HandlerFunc { return answers(200, "application/json", body) }
	with := func(uri string) http.HandlerFunc {
		return js(fmt.Sprintf(`{"device_code":"device-canary","user_code":"u","verification_uri":%q,"expires_in":60}`, uri))
	}
	tests := map[string]struct {
		offer http.HandlerFunc
		want  string
	}{
		"empty":                {js(""), "no JSON object"},
		"null":                 {js("null"), "no JSON object"},
		"list":                 {js("[]"), "no JSON object"},
		"web page":             {answers(200, "text/html", "<html>"), "no JSON object"},
		"no device_code":       {js(`{"user_code":"u","verification_uri":"https://h/"}`), "no device_code"},
		"no user_code":         {js(`{"device_code":"device-canary","verification_uri":"https://h/"}`), "no user_code"},
		"no address":           {js(`{"device_code":"device-canary","user_code":"u"}`), "verification_uri"},
		"user_code of a kind":  {js(`{"device_code":"device-canary","user_code":7,"verification_uri":"https://h/"}`), "no user_code"},
		"terminal escape":      {js(`{"device_code":"device-canary","user_code":"\u001b[2J","verification_uri":"https://h/"}`), "no person can type"},
		"text turned around":   {js(`{"device_code":"device-canary","user_code":"a\u202eb","verification_uri":"https://h/"}`), "no person can type"},
		"novel":                {js(`{"device_code":"device-canary","user_code":"` + strings.Repeat("u", 41) + `","verification_uri":"https://h/"}`), "more than 40 characters"},
		"zero width":           {js(`{"device_code":"device-canary","user_code":"a\u200bb","verification_uri":"https://h/"}`), "no person can type"},
		"script":               {with("javascript:alert(1)"), "http:// or https://"},
		"file":                 {with("file:///etc/passwd"), "http:// or https://"},
		"flag":                 {with("--version"), "http:// or https://"},
		"user in the address":  {with("https://u:p@h/"), "user name"},
		"refused":              {says("invalid_client"), "invalid_client"},
		"not found":            {answers(404, "text/plain", "no"), "check the device authorization endpoint's URL"},
		"ten megabytes":        {js(strings.Repeat(" ", 10<<20)), "larger than 1 MiB"},
		"error in a 200":       {js(`{"error":"unauthorized_client"}`), "allow this grant"},
		"description, echoing": {answers(500, "application/json", `{"error":"server_error","error_description":"for secret-canary"}`), "[redacted]"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &device{offer: tc.offer, poll: grants(goodToken)}
			env, prompts := d.env()
			_, err := flow.DeviceCode{ClientSecret: flow.SecretValue("secret-canary"), AuthStyle: flow.StyleForm}.Obtain(t.Context(), env, nil)
			te := (*flow.TokenError)(nil)
			if !errors.As(err, &te) || len(prompts.all()) != 0 || len(d.polls) != 0 {
				t.Fatalf("got %v, %d prompts and %d polls, want a *TokenError and none", err, len(prompts.all()), len(d.polls))
			}
			contains(t, err.Error(), tc.want, "device authorization endpoint idp.example")
			if strings.Contains(printed(err), "canary") {
				t.Errorf("a secret shows up in %v", err)
			}
		})
	}
}

func TestOffersThatAreOdd(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"longest code":     `{"device_code":"d","user_code":"` + strings.Repeat("ü", 40) + `","verification_uri":"https://example.com/device"}`,
		"Google":           `{"device_code":"d","user_code":"u","verification_url":"https://example.com/device","expires_in":60}`,
		"byte order mark":  "\ufeff" + `{"device_code":"d","user_code":"u","verification_uri":"https://example.com/device"}`,
		"broken complete":  `{"device_code":"d","user_code":"u","verification_uri":"https://example.com/device","verification_uri_complete":"javascript:x"}`,
		"complete of kind": `{"device_code":"d","user_code":"u","verification_uri":"https://example.com/device","verification_uri_complete":7}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &device{offer: grants(body), poll: grants(goodToken)}
				env, prompts := d.env()
				if _, err := (flow.DeviceCode{}).Obtain(t.Context(), env, nil); err != nil {
					t.Fatal(err)
				}
				if got := prompts.all()[0]; got.URL != "https://example.com/device" || got.CompleteURL != "" {
					t.Errorf("prompt %+v", got)
				}
			})
		})
	}
}

func TestDeviceLoginThatCannotWorkAsksNoPerson(t *testing.T) {
	t.Parallel()
	d := &device{offer: grants(rfcOffer), poll: grants(goodToken)}
	env, prompts := d.env()
	alone := env
	alone.Prompter = nil
	if _, err := (flow.DeviceCode{}).Obtain(t.Context(), alone, nil); !errors.Is(err, auth.ErrInteractionRequired) {
		t.Errorf("got %v", err)
	}
	prompts.err = errors.New("the terminal is gone")
	if _, err := (flow.DeviceCode{}).Obtain(t.Context(), env, nil); !errors.Is(err, prompts.err) || len(d.polls) != 0 {
		t.Errorf("got %v and %d polls", err, len(d.polls))
	}
	set(env, func(c *configstore.ClientConfig) { c.DeviceAuthorizationEndpoint = "" })
	_, err := flow.DeviceCode{}.Obtain(t.Context(), env, nil)
	if err == nil || len(d.offers) != 1 {
		t.Fatalf("got %v and %d offers", err, len(d.offers))
	}
	contains(t, err.Error(), "no device flow", "browser")
}
