package flow

import (
	"testing"
)

func FuzzTokenAnswer(f *testing.F) {
	for _, seed := range []struct{ contentType, body string }{
		{"application/json", `{"access_token":"t","token_type":"bearer","expires_in":3600,"refresh_token":"r"}`},
		{"text/plain", `{"access_token":"t","expires_in":"3600"}`},
		{"application/x-www-form-urlencoded", "access_token=t&expires_in=60&token_type=bearer"},
		{"application/json", `{"error":"invalid_grant","error_description":"gone"}`},
		{"text/html", "<html>"},
		{"application/json", `{"access_token":"t","expires_in":-1e999}`},
		{"application/json", `{"access_token":"t","expires_in":NaN}`},
		{";;=", "{}"},
	} {
		f.Add(seed.contentType, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		a, err := parseAnswer(contentType, body)
		if err != nil || a.errorCode != "" {
			return
		}
		if a.accessToken == "" || checkToken(a.accessToken) != nil {
			t.Errorf("token %q cannot be sent", a.accessToken)
		}
		if a.expiresIn < 0 || a.expiresIn > 1<<31-1 {
			t.Errorf("lifetime of %d seconds", a.expiresIn)
		}
	})
}
