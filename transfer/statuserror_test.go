package transfer

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Why no other attempt was made is in the text.
func TestAStatusErrorSaysWhyItIsFinal(t *testing.T) {
	t.Parallel()
	const wait, redirect = "it asks to wait 24h0m0s", "the redirect was not followed"
	for _, tc := range []struct {
		status int
		after  time.Duration
		want   string
	}{
		{http.StatusServiceUnavailable, 24 * time.Hour, wait},
		{http.StatusServiceUnavailable, 20 * time.Second, ""},
		{http.StatusFound, 0, redirect},
		{http.StatusNotModified, 0, ""},
	} {
		text := (&StatusError{Status: tc.status, RetryAfter: tc.after}).Error()
		for _, said := range []string{wait, redirect} {
			if strings.Contains(text, said) != (said == tc.want) {
				t.Errorf("%d after %v: %q", tc.status, tc.after, text)
			}
		}
	}
}

func TestSecretsOfURLsAreFoundHoweverTheirQueryIsWritten(t *testing.T) {
	t.Parallel()
	const secret, other = "canary-7f3a9c0d5e1b", "canary/55+aa=3e1c0"
	for _, query := range []string{
		"X-Sig=" + secret + "&other=" + url.QueryEscape(other),
		secret + "&" + url.QueryEscape(other), // without names
		"a=1;sig=" + secret + ";other=" + url.QueryEscape(other),
		"%zz=" + secret + "&other=" + other,
	} {
		u, err := url.Parse("https://store.example.com/key?" + query)
		if err != nil {
			t.Fatal(err)
		}
		hide := secretsOf(u)
		for _, text := range []string{secret, other} {
			if !hide.Find("no access with " + text) {
				t.Errorf("%s: %s is shown", query, text)
			}
		}
	}
	u := &url.URL{RawQuery: "X-Amz-SignedHeaders=content-md5;content-length;host&X-Amz-Date=20261130&x=short"}
	if hide := secretsOf(u); hide.Find("short 20261130 content-md5;content-length;host") {
		t.Error("what is no secret is hidden")
	}
}
