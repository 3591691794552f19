package flow

import "testing"

func TestOrigin(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://login.example.com/oauth2/token?tenant=1": "https://login.example.com",
		"\thttps://login.example.com:443\n":               "https://login.example.com",
		"HTTPS://Login.Example.com/":                      "https://login.example.com",
		"https://login.example.com:8443/token":            "https://login.example.com:8443",
		"https://login.example.com:80/token":              "https://login.example.com:80",
		"http://127.0.0.1:80/token":                       "http://127.0.0.1",
		"http://127.0.0.1:443/token":                      "http://127.0.0.1:443",
		"http://[::1]:8080/token":                         "http://[::1]:8080",
		"https://[2001:DB8::1]/token":                     "https://[2001:db8::1]",
		"https://[2001:db8::1]:443/token":                 "https://[2001:db8::1]",
		"https://user:secret@login.example.com/":          "https://login.example.com",
		"":                                                "",
		"login.example.com/token":                         "",
		"https:///token":                                  "",
		"https://:443/token":                              "",
		"https://login.example.com:x/":                    "",
	} {
		if got := origin(address); got != want {
			t.Errorf("origin(%q) = %q, want %q", address, got, want)
		}
	}
}

// What is no server is not even the same as itself.
func TestTextThatIsNoURLHasNoOrigin(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "login.example.com", "https://login.example.com:x"} {
		if leadsTo(server, server) {
			t.Errorf("%q leads to itself", server)
		}
	}
}
