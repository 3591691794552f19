package transfer

import (
	"net/url"
	"testing"
)

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
