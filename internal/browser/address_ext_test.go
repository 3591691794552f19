package browser_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/internal/browser"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"https://idp.example/authorize?a=b&c=d": "https://idp.example/authorize?a=b&c=d",
		"HTTPS://idp.example":                   "https://idp.example",
		"http://127.0.0.1:8000/x":               "http://127.0.0.1:8000/x",
		"http://[::1]/x":                        "http://[::1]/x",
		"https://idp.example/a b":               "https://idp.example/a%20b",
		"https://idp.example/?q='\"`x":          "https://idp.example/?q=%27%22%60x",
		"https://idp.example/é":                 "https://idp.example/%C3%A9",
		"https://idp.example/?x=é\u202e":        "https://idp.example/?x=%C3%A9%E2%80%AE",
		"https://idp.example/#/login":           "https://idp.example/#/login",
	}
	for address, want := range good {
		if got, err := browser.Check(address); err != nil || got != want {
			t.Errorf("%q: got %q and %v, want %q", address, got, err, want)
		}
	}
	bad := []string{
		"", " ", "idp.example", "/x", "//idp.example", "-https://idp.example", "--version", "https:idp.example", "https://", "https:///x",
		"file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "smb://host/share", "ftp://h", "vscode://x", "ms-msdt:/id", "HTTPSX://h",
		"https://user@idp.example", "https://user:pw@idp.example", "https://idp.example\n--flag", "https://idp.example/\x00", "https://\x1b[31m",
		"https://" + strings.Repeat("a", 9000), "https://idp.example/" + strings.Repeat("é", 3000), "https://h:port/",
	}
	for _, address := range bad {
		if got, err := browser.Check(address); err == nil {
			t.Errorf("%.40q gave %q, want an error", address, got)
		} else if len(address) > 5 && strings.Contains(err.Error(), address) {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"https://idp.example/?q='`", "javascript:alert(1)", "https://h\u202e/%", "http://[::1%25en0]/", "-x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := browser.Check(address)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			t.Fatalf("%q became %q", address, got)
		}
		for _, c := range []byte(got) {
			if c <= ' ' || c >= 0x7f || strings.IndexByte("'\"`\\<>{}|^", c) >= 0 {
				t.Fatalf("%q became %q, which holds %q", address, got, c)
			}
		}
		if again, err := browser.Check(got); err != nil || again != got {
			t.Fatalf("%q is checked to %q and %v", got, again, err)
		}
	})
}
