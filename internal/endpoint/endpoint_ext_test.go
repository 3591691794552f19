package endpoint_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jetway-go/jetway/internal/endpoint"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const (
		unset = endpoint.Unset
		tls   = endpoint.TLS
		plain = endpoint.Plaintext
	)
	host := func(target, host, port string, s endpoint.Security, key string) endpoint.Endpoint {
		return endpoint.Endpoint{Target: target, Host: host, Port: port, Security: s, Key: key}
	}
	local := func(e endpoint.Endpoint) endpoint.Endpoint {
		e.Loopback, e.Local = e.Host != "", true
		return e
	}
	for in, want := range map[string]endpoint.Endpoint{
		// Bare, with and without port.
		"h.example.com":          host("dns:///h.example.com:443", "h.example.com", "443", unset, "h.example.com"),
		"h.example.com:8090":     host("dns:///h.example.com:8090", "h.example.com", "8090", unset, "h.example.com:8090"),
		"  h.example.com\n":      host("dns:///h.example.com:443", "h.example.com", "443", unset, "h.example.com"),
		"h.example.com/":         host("dns:///h.example.com:443", "h.example.com", "443", unset, "h.example.com"),
		"H.Example.COM":          host("dns:///h.example.com:443", "h.example.com", "443", unset, "H.Example.COM"),
		"my_service.ns:08090":    host("dns:///my_service.ns:8090", "my_service.ns", "8090", unset, "my_service.ns:08090"),
		"h.example.com.":         host("dns:///h.example.com.:443", "h.example.com.", "443", unset, "h.example.com."),
		"dns:8090":               host("dns:///dns:8090", "dns", "8090", unset, "dns:8090"),
		"unix:8090":              host("dns:///unix:8090", "unix", "8090", unset, "unix:8090"),
		"[2001:DB8::1]":          host("dns:///[2001:db8::1]:443", "2001:db8::1", "443", unset, "[2001:DB8::1]"),
		"[2001:db8::1]:8090":     host("dns:///[2001:db8::1]:8090", "2001:db8::1", "8090", unset, "[2001:db8::1]:8090"),
		"localhost:8090":         local(host("dns:///localhost:8090", "localhost", "8090", unset, "localhost:8090")),
		"LOCALHOST":              local(host("dns:///localhost:443", "localhost", "443", unset, "LOCALHOST")),
		"flyte.localhost":        host("dns:///flyte.localhost:443", "flyte.localhost", "443", unset, "flyte.localhost"), // a name server says where
		"localhost.":             host("dns:///localhost.:443", "localhost.", "443", unset, "localhost."),                // of this one, too
		"127.0.0.1.":             host("dns:///127.0.0.1.:443", "127.0.0.1.", "443", unset, "127.0.0.1."),
		"127.1":                  host("dns:///127.1:443", "127.1", "443", unset, "127.1"),
		"127.0.0.1":              local(host("dns:///127.0.0.1:443", "127.0.0.1", "443", unset, "127.0.0.1")),
		"127.9.9.9:1":            local(host("dns:///127.9.9.9:1", "127.9.9.9", "1", unset, "127.9.9.9:1")),
		"[::1]:80":               local(host("dns:///[::1]:80", "::1", "80", unset, "[::1]:80")),
		"[::ffff:127.0.0.1]:80":  local(host("dns:///[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", "80", unset, "[::ffff:127.0.0.1]:80")),
		"localhost.example.com":  host("dns:///localhost.example.com:443", "localhost.example.com", "443", unset, "localhost.example.com"),
		"notlocalhost":           host("dns:///notlocalhost:443", "notlocalhost", "443", unset, "notlocalhost"),
		"127.0.0.1.example.com":  host("dns:///127.0.0.1.example.com:443", "127.0.0.1.example.com", "443", unset, "127.0.0.1.example.com"),
		"0.0.0.0:80":             host("dns:///0.0.0.0:80", "0.0.0.0", "80", unset, "0.0.0.0:80"),
		"https://h.example.com":  host("dns:///h.example.com:443", "h.example.com", "443", tls, "h.example.com"),
		"https://h.example.com/": host("dns:///h.example.com:443", "h.example.com", "443", tls, "h.example.com"),
		"HTTPS://h:8443///":      host("dns:///h:8443", "h", "8443", tls, "h:8443"),
		"http://h":               host("dns:///h:80", "h", "80", plain, "h"),
		"http://h:8090/":         host("dns:///h:8090", "h", "8090", plain, "h:8090"),
		"http://localhost:8090":  local(host("dns:///localhost:8090", "localhost", "8090", plain, "localhost:8090")),
		"https://[::1]:8443":     local(host("dns:///[::1]:8443", "::1", "8443", tls, "[::1]:8443")),

		// gRPC targets.
		"dns:///h.example.com":           host("dns:///h.example.com:443", "h.example.com", "443", unset, "h.example.com"),
		"dns:///h.example.com:8090/":     host("dns:///h.example.com:8090", "h.example.com", "8090", unset, "h.example.com:8090"),
		"dns:h.example.com:8090":         host("dns:///h.example.com:8090", "h.example.com", "8090", unset, "h.example.com:8090"),
		"DNS:///h":                       host("dns:///h:443", "h", "443", unset, "h"),
		"dns://8.8.8.8/h:1":              host("dns://8.8.8.8:53/h:1", "h", "1", unset, "h:1"),
		"dns://[2001:db8::53]:5353/h":    host("dns://[2001:db8::53]:5353/h:443", "h", "443", unset, "h"),
		"dns://8.8.8.8/localhost:1":      host("dns://8.8.8.8:53/localhost:1", "localhost", "1", unset, "localhost:1"),
		"dns://8.8.8.8/127.0.0.1:1":      local(host("dns://8.8.8.8:53/127.0.0.1:1", "127.0.0.1", "1", unset, "127.0.0.1:1")),
		"passthrough:///h:8090":          host("passthrough:///h:8090", "h", "8090", unset, "passthrough:///h:8090"),
		"passthrough:///localhost":       local(host("passthrough:///localhost", "localhost", "443", unset, "passthrough:///localhost")),
		"passthrough:///127.0.0.1:50051": local(host("passthrough:///127.0.0.1:50051", "127.0.0.1", "50051", unset, "passthrough:///127.0.0.1:50051")),
		"passthrough:///a%20name":        host("passthrough:///a%20name", "", "", unset, "passthrough:///a%20name"),
		"unix:/run/flyte.sock":           local(host("unix:/run/flyte.sock", "", "", plain, "unix:/run/flyte.sock")),
		"unix:///run/flyte.sock":         local(host("unix:///run/flyte.sock", "", "", plain, "unix:///run/flyte.sock")),
		"unix:flyte.sock":                local(host("unix:flyte.sock", "", "", plain, "unix:flyte.sock")),
		"unix-abstract:flyte":            local(host("unix-abstract:flyte", "", "", plain, "unix-abstract:flyte")),
		"mesh:///flyte.default":          host("mesh:///flyte.default", "", "", unset, "mesh:///flyte.default"),
		"mesh://control.plane/flyte":     host("mesh://control.plane/flyte", "", "", unset, "control.plane/flyte"),
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			got, err := endpoint.Parse(in, "mesh")
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                 "is empty",
		" \t":                              "is empty",
		strings.Repeat("a", 3000):          "longer than 2048",
		"h.example.com\x00":                "control character",
		"h example.com":                    "space or a control",
		"h.example.com\u200b":              "does not show",
		"\ufeffh.example.com":              "does not show",
		"h\u00a0.example.com":              "space or a control",
		"unix:/run/\u202ekcos":             "does not show",
		"unix:/run/\xff":                   "control character",
		"ftp://h":                          `scheme "ftp" is not supported`,
		"grpcs://h":                        `scheme "grpcs" is not supported`,
		"https://user:pw@h":                "user information",
		"user@h":                           "user information",
		"grid://user:pw@h/x":               "user information",
		"https://h?x=1":                    "query",
		"https://h#x":                      "fragment",
		"https://h/console":                "path",
		"http://h:80/x":                    "path",
		"dns:///h/x":                       "path",
		"//h":                              "path",
		`h\x`:                              "backslash",
		"h1,h2":                            "several addresses",
		"https://":                         "no host",
		"dns:///":                          "no host",
		":8090":                            "no host before the port",
		"https://:8090":                    "no host before the port",
		"h:":                               `port "" is not a number`,
		"h:http":                           `port "http" is not a number`,
		"h:0":                              `port "0" is not a number`,
		"h:65536":                          `port "65536" is not a number`,
		"h:+80":                            `port "+80" is not a number`,
		"h:8x000000000000000000000":        `port "8x0000000000…" is not a number`,
		"::1":                              "in brackets",
		"2001:db8::1":                      "in brackets",
		"[::1":                             "[ without ]",
		"[::1]8090":                        "between ] and the port",
		"[h]:80":                           "no IPv6 address between the brackets",
		"[127.0.0.1]:80":                   "no IPv6 address between the brackets",
		"[fe80::1%eth0]:80":                "IPv6 zone",
		"bücher.example":                   "xn--",
		"h$.example":                       `character '$'`,
		"h..example":                       "empty label",
		".example":                         "empty label",
		strings.Repeat("a", 64):            "label longer than 63",
		strings.Repeat("a.", 127) + "long": "longer than 253",
		"dns://h":                          "three slashes",
		"dns://bad:port/h":                 `name server in dns://server/host port "port"`,
		"passthrough://h":                  "three slashes",
		"passthrough:///":                  "needs an address",
		"passthrough:///a%zz":              "no URL escape",
		"mesh:///a%zz":                     `scheme "mesh" is not supported`,
		"grid:///a%zz":                     "no URL escape",
		"unix://host/run/x.sock":           "absolute path and no host",
		"unix:":                            "needs the path",
		"unix:///":                         "needs the path",
		"unix:/run/x?y":                    "cannot contain",
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			_, err := endpoint.Parse(in, "grid")
			var e *endpoint.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
				t.Errorf("Parse = %v, want an *endpoint.Error that says %q", err, want)
			}
		})
	}
}

func TestErrorsQuoteNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3tpassword"
	for _, in := range []string{
		"https://user:" + secret + "@h", "user:" + secret + "@h:80", "h:80:" + secret + ":x",
		"https://h/?token=" + secret, strings.Repeat(secret, 6),
	} {
		if _, err := endpoint.Parse(in); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Parse(%q) = %v, want an error without the secret", in, err)
		}
	}
}

func TestHTTPBase(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in        string
		plaintext bool
		want      string
	}{
		{"h", false, "https://h"},
		{"h:8443", false, "https://h:8443"},
		{"http://h", true, "http://h"},
		{"http://h:8090", true, "http://h:8090"},
		{"[::1]", false, "https://[::1]"},
		{"[::1]:8090", true, "http://[::1]:8090"},
		{"unix:/x", true, ""},
	} {
		e, err := endpoint.Parse(tc.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.HTTPBase(tc.plaintext); got != tc.want {
			t.Errorf("HTTPBase of %q = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestStringShowsAuthorityOrTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"dns:///H": "h:443", "[::1]:80": "[::1]:80", "unix:/x": "unix:/x"} {
		e, err := endpoint.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if e.String() != want {
			t.Errorf("String of %q = %q, want %q", in, e, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"h", "h:1", "https://h/", "http://h:80", "dns:///h", "dns://8.8.8.8/h", "[::1]:80", "unix:/x", "unix:///x",
		"passthrough:///localhost", "xds:///a", "user:pw@h", "h?x#y", "h:99999", "\x00", "::::", "[[]]", "dns:", "://",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		e, err := endpoint.Parse(in)
		if err != nil {
			if e != (endpoint.Endpoint{}) {
				t.Errorf("an error and an endpoint %+v", e)
			}
			return
		}
		if e.Target == "" || e.Key == "" {
			t.Fatalf("no target or no key: %+v", e)
		}
		if (e.Host == "") != (e.Port == "") {
			t.Errorf("host and port go together: %+v", e)
		}
		if _, err := url.Parse(e.Target); err != nil {
			t.Errorf("gRPC cannot read the target %q: %v", e.Target, err)
		}
		cc, err := grpc.NewClient(e.Target, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatalf("gRPC refuses the target %q: %v", e.Target, err)
		}
		_ = cc.Close()
		// What came out is a fixed point.
		again, err := endpoint.Parse(e.Target)
		if err != nil || again.Target != e.Target || again.Host != e.Host || again.Port != e.Port {
			t.Errorf("Parse(%q) = %+v, %v; want the same target", e.Target, again, err)
		}
	})
}

// A login under one name of the loopback interface is looked for under the others, with
// the same port.
func TestOtherNamesAreTheLoopbackKeysOfTheSamePort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"localhost:8090":           {"127.0.0.1:8090", "[::1]:8090"},
		"http://127.0.0.1:8090":    {"localhost:8090", "[::1]:8090"},
		"[::1]:8090":               {"localhost:8090", "127.0.0.1:8090"},
		"[::1]":                    {"localhost", "127.0.0.1"},
		"https://localhost":        {"127.0.0.1", "[::1]"},
		"dns:///localhost:8090":    {"127.0.0.1:8090", "[::1]:8090"},
		"127.9.9.9:1":              nil, // another server may listen there
		"dns://8.8.8.8/localhost":  nil,
		"h.example.com:8090":       nil,
		"unix:/run/flyte.sock":     nil,
		"passthrough:///localhost": nil,
	} {
		e, err := endpoint.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, e.OtherNames()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
		for _, name := range e.OtherNames() {
			if other, err := endpoint.Parse(name); err != nil || other.Key != name || !other.Loopback {
				t.Errorf("%s is not the key of a loopback address: %+v, %v", name, other, err)
			}
		}
	}
}

func TestHasPortIsAboutTheAddressAsItIsWritten(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"flyte.example.com": false, "https://flyte.example.com": false, "http://flyte.example.com/": false, "[::1]": false,
		"dns:///flyte.example.com": false, "passthrough:///flyte": false,
		"flyte.example.com:443": true, "https://flyte.example.com:443/": true, "[::1]:8090": true, "dns:///flyte.example.com:443": true,
	} {
		e, err := endpoint.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if e.HasPort() != want {
			t.Errorf("%s: %v, want %v", address, e.HasPort(), want)
		}
	}
}
