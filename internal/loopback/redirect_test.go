package loopback

import (
	"strings"
	"testing"
)

func TestRedirectURIs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		uri  string
		want redirect
		back string // the URI made of it
		err  string
	}{
		"none":               {"", redirect{"127.0.0.1", 0, "/callback"}, "http://127.0.0.1:0/callback", ""},
		"Flyte's":            {"http://localhost:53593/callback", redirect{"localhost", 53593, "/callback"}, "http://localhost:53593/callback", ""},
		"no path":            {"http://127.0.0.1:8000", redirect{"127.0.0.1", 8000, ""}, "http://127.0.0.1:8000", ""},
		"a slash":            {"http://127.0.0.1:8000/", redirect{"127.0.0.1", 8000, "/"}, "http://127.0.0.1:8000/", ""},
		"IPv6":               {"http://[::1]:8000/cb", redirect{"::1", 8000, "/cb"}, "http://[::1]:8000/cb", ""},
		"port 80":            {"http://127.0.0.1:80/cb", redirect{"127.0.0.1", 80, "/cb"}, "http://127.0.0.1/cb", ""},
		"port 80 on IPv6":    {"http://[::1]:80/cb", redirect{"::1", 80, "/cb"}, "http://[::1]/cb", ""},
		"escaped path":       {"http://127.0.0.1/a%2Fb", redirect{"127.0.0.1", 0, "/a%2Fb"}, "http://127.0.0.1:0/a%2Fb", ""},
		"upper case":         {"HTTP://LOCALHOST:1/", redirect{"localhost", 1, "/"}, "http://localhost:1/", ""},
		"https":              {uri: "https://localhost:1/", err: "must begin with http:"},
		"own scheme":         {uri: "myapp://callback", err: "must begin with http:"},
		"elsewhere":          {uri: "http://login.example/cb", err: "another machine"},
		"looks like it":      {uri: "http://127.0.0.1.evil.example/cb", err: "another machine"},
		"all interfaces":     {uri: "http://0.0.0.0:1/cb", err: "another machine"},
		"with a dot":         {uri: "http://localhost.:1/cb", err: "another machine"},
		"below localhost":    {uri: "http://cb.localhost:1/", err: "another machine"},
		"zone":               {uri: "http://[::1%25lo]:1/", err: "differently"},
		"long IPv6":          {uri: "http://[0:0:0:0:0:0:0:1]:1/", err: "differently"},
		"IPv4 in IPv6":       {uri: "http://[::ffff:127.0.0.1]:1/", err: "differently"},
		"user":               {uri: "http://127.0.0.1@evil.example/", err: "neither user"},
		"query":              {uri: "http://127.0.0.1/cb?x=1", err: "neither user"},
		"fragment":           {uri: "http://127.0.0.1/cb#x", err: "neither user"},
		"port out of range":  {uri: "http://127.0.0.1:65536/", err: "no valid port"},
		"relative":           {uri: "/callback", err: "not an absolute URL"},
		"nonsense":           {uri: "http://[::1", err: "not an absolute URL"},
		"without any scheme": {uri: "127.0.0.1:80", err: "not an absolute URL"},
	}
	for name, tc := range tests {
		got, err := parseRedirect(tc.uri)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: got %+v and %v, want an error with %q", name, got, err, tc.err)
			}
			continue
		}
		if err != nil || got != tc.want || got.uri() != tc.back {
			t.Errorf("%s: got %+v, %q and %v, want %+v and %q", name, got, got.uri(), err, tc.want, tc.back)
		}
	}
}

func TestHostHeaderMustNameTheListener(t *testing.T) {
	t.Parallel()
	r := redirect{"localhost", 8000, "/cb"}
	for host, want := range map[string]bool{
		"localhost:8000": true, "LOCALHOST:8000": true,
		"localhost": false, "localhost:8001": false, "127.0.0.1:8000": false, "evil.example:8000": false,
		"localhost:8000.evil.example": false, "": false, "localhost.:8000": false,
	} {
		if got := r.addressed(host); got != want {
			t.Errorf("Host %q: %v, want %v", host, got, want)
		}
	}
	if r.port = 80; !r.addressed("localhost") || !r.addressed("localhost:80") {
		t.Error("port 80 may be left out")
	}
	if r.host = "::1"; !r.addressed("[::1]") || !r.addressed("[::1]:80") || r.addressed("::1") {
		t.Error("IPv6 addresses stand in brackets")
	}
}
