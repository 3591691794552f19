package flow_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// The server may have ended the refresh token that was sent, so the next one is kept,
// whatever else is wrong with the answer.
func TestARotatedRefreshTokenIsKeptWhateverElseIsWrong(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	brokenOff := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", js)
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"refresh_token":"next","access_token":"ne`)
	}
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		access string // "": the answer is an error
	}{
		"negative lifetime":       {answers(200, js, `{"access_token":"new","refresh_token":"next","expires_in":-1}`), "new"},
		"lifetime in words":       {answers(200, js, `{"access_token":"new","refresh_token":"next","expires_in":"soon"}`), "new"},
		"DPoP":                    {answers(200, js, `{"access_token":"new","refresh_token":"next","token_type":"DPoP"}`), ""},
		"no access token":         {answers(200, js, `{"refresh_token":"next"}`), ""},
		"access token of a kind":  {answers(200, js, `{"access_token":7,"refresh_token":"next"}`), ""},
		"access token with a tab": {answers(200, js, `{"access_token":"a\tb","refresh_token":"next"}`), ""},
		"broken JSON":             {answers(200, js, `{"refresh_token":"next","access_token":"new"`), ""},
		"more than JSON":          {answers(200, js, `{"refresh_token":"next","access_token":"new"}}`), ""},
		"broken off":              {brokenOff, ""},
		"refresh token as access": {answers(200, js, `{"access_token":"new","refresh_token":"next","issued_token_type":"`+flow.TokenTypeRefresh+`"}`), ""},
	} {
		for flowName, f := range map[string]auth.Renewer{
			"stored": flow.Stored{}, "pkce": flow.PKCE{}, "device": flow.DeviceCode{}, "auto": flow.Auto{}, "password": flow.Password{},
		} {
			_, env := tokenEndpoint(t, tc.answer)
			prev := person()
			c, err := f.Renew(t.Context(), env, prev)
			if c == nil || c.RefreshToken != "next" || c.AccessToken != tc.access || c.ClientID != "cli" || !c.Expiry.IsZero() {
				t.Errorf("%s, %s: got %v with refresh token %q", name, flowName, c, c.RefreshToken)
			}
			if (err == nil) != (tc.access != "") || err != nil && (errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unavailable) {
				t.Errorf("%s, %s: got %v with code %v", name, flowName, err, status.Code(err))
			}
			if prev.RefreshToken != oldRefresh {
				t.Error("the credentials of the caller were changed")
			}
		}
	}
}

func TestNoOtherRefreshTokenIsKept(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	for name, h := range map[string]http.HandlerFunc{
		"the same again":      answers(200, js, `{"refresh_token":"`+oldRefresh+`"}`),
		"with an error":       answers(200, js, `{"refresh_token":"next","error":"invalid_grant"}`),
		"in a failure":        answers(500, js, `{"access_token":"a","refresh_token":"next"}`),
		"incomplete":          answers(200, js, `{"access_token":"new","refresh_token":"nex`),
		"with a line end":     answers(200, js, `{"refresh_token":"ne\nxt"}`),
		"false":               answers(200, js, `{"refresh_token":false}`),
		"inside of something": answers(200, js, `{"token":{"refresh_token":"next"}}`),
	} {
		_, env := tokenEndpoint(t, h)
		if c, err := (flow.Stored{}).Renew(t.Context(), env, person()); c != nil || err == nil {
			t.Errorf("%s: got %v and %v", name, c, err)
		}
	}
}

// A login is no refresh: an answer that is of no use leaves nothing to keep.
func TestALoginThatFailsReturnsNoCredentials(t *testing.T) {
	t.Parallel()
	_, env := tokenEndpoint(t, grants(`{"access_token":"new","refresh_token":"next","token_type":"DPoP"}`))
	c, err := flow.Password{Username: "jo", Password: flow.SecretValue("p"), ClientID: "c"}.Obtain(t.Context(), env, nil)
	if c != nil || err == nil {
		t.Errorf("got %v and %v", c, err)
	}
}
