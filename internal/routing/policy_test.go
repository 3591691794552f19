package routing

import (
	"slices"
	"testing"

	"github.com/jetway-go/jetway/internal/endpoint"
)

func parsed(t *testing.T, address string) endpoint.Endpoint {
	t.Helper()
	e, err := endpoint.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPolicyDecidesWhereCallsMayGo(t *testing.T) {
	t.Parallel()
	const (
		home    = "home"    // the backend's own connection
		cluster = "cluster" // one of its own
		refused = "refused"
	)
	for _, tt := range []struct {
		name, home string
		answers    map[string]string
		hosts      []string
		aliases    []string
		bare       bool
	}{
		{
			name: "the same address, however it is written", home: "flyte.example.com",
			answers: map[string]string{
				"": home, " ": home, "flyte.example.com": home, "https://flyte.example.com": home, "https://FLYTE.Example.Com:443/": home,
				"flyte.example.com.": home, "https://flyte.example.com.:443": home, "dns:///flyte.example.com": home,
				"dns:flyte.example.com:443": home,
			},
		},
		{
			name: "no way down from TLS", home: "flyte.example.com",
			answers: map[string]string{
				"http://flyte.example.com": home, "http://flyte.example.com:443": home, "http://Flyte.example.com.:8090": home,
				"http://dp.example.com": refused, "http://listed.example.net": refused, "http://127.0.0.1": refused,
			},
			hosts: []string{"listed.example.net"}, bare: true,
		},
		{
			name: "the registrable domain", home: "flyte.example.co.uk",
			answers: map[string]string{
				"https://dp.example.co.uk": cluster, "dp.flyte.example.co.uk:8443": cluster, "https://example.co.uk": cluster,
				"https://DP.EXAMPLE.CO.UK.": cluster, "https://flyte.example.co.uk:8443": cluster, "dns:///dp.example.co.uk": cluster,
				"https://other.co.uk": refused, "https://badexample.co.uk": refused, "https://example.co.uk.evil.com": refused,
				"https://10.0.0.1": refused, "https://localhost": refused,
			},
		},
		{
			name: "a suffix of many owners", home: "mine.github.io",
			answers: map[string]string{
				"https://dp.mine.github.io": cluster, "https://yours.github.io": refused, "https://github.io": refused,
			},
		},
		{
			name: "a suffix of many owners below the domain", home: "flyte.amazonaws.com",
			answers: map[string]string{
				"https://dp.amazonaws.com": cluster, "https://amazonaws.com": cluster,
				"https://yours.s3.amazonaws.com": refused, "https://s3.amazonaws.com": refused, "https://a.yours.s3.amazonaws.com.": refused,
			},
		},
		{
			name: "a suffix that no list has", home: "flyte.svc.cluster.local",
			answers: map[string]string{
				"https://dp.svc.cluster.local": refused, "https://flyte.svc.cluster.local:8443": cluster, "dp.flyte.svc.cluster.local": refused,
			},
		},
		{
			name: "a public suffix itself", home: "github.io",
			answers: map[string]string{"https://mine.github.io": refused, "https://github.io:8443": cluster},
		},
		{
			name: "an IP address", home: "https://10.1.2.3:8090",
			answers: map[string]string{
				"https://10.1.2.3:8090": home, "http://10.1.2.3:8090": home, "https://10.1.2.3:9090": cluster, "https://10.1.2.3": home, "https://10.1.2.4:8090": refused,
				"https://dp.example.com": refused,
			},
		},
		{
			name: "localhost", home: "https://localhost:8090",
			answers: map[string]string{"https://LOCALHOST:8090": home, "https://dp.localhost:8090": refused, "https://127.0.0.1:8090": refused},
		},
		{
			name: "no TLS on this machine", home: "http://127.0.0.1:8090",
			answers: map[string]string{
				"http://127.0.0.1:8090": home, "127.0.0.1:8090": home, "http://127.0.0.1:9090": cluster, "http://127.0.0.1": home,
				"http://127.0.0.2:8090": refused, "http://dp.example.com": refused,
			},
		},
		{
			name: "no TLS to another machine", home: "http://flyte.example.com",
			answers: map[string]string{
				"http://flyte.example.com": home, "http://flyte.example.com:9090": refused, "http://dp.example.com": refused,
				"https://dp.example.com": cluster,
			},
		},
		{
			name: "no TLS where credentials may do without", home: "http://flyte.example.com", bare: true,
			answers: map[string]string{
				"http://flyte.example.com:9090": cluster, "http://dp.example.com": refused, "http://listed.example.net": cluster,
			},
			hosts: []string{"listed.example.net"},
		},
		{
			name: "no port anywhere", home: "passthrough:///localhost",
			answers: map[string]string{"http://localhost": home, "https://localhost": home, "https://localhost:9090": cluster},
		},
		{
			name: "listed hosts", home: "flyte.example.com",
			answers: map[string]string{
				"https://dp.example.net": cluster, "https://dp.example.net:8443": cluster, "https://x.dp.example.net": refused,
				"https://a.example.org": cluster, "https://a.b.example.org": cluster, "https://example.org": refused,
				"https://10.0.0.7": cluster, "https://[2001:db8::1]": cluster, "https://10.0.0.8": refused,
			},
			hosts: []string{"DP.example.net.", "*.example.org", "10.0.0.7", "[2001:db8:0::1]"},
		},
		{
			name: "other names of the backend", home: "unix:/run/flyte.sock", aliases: []string{"localhost", ""},
			answers: map[string]string{"http://localhost": home, "http://127.0.0.1": refused, "https://dp.example.com": refused},
		},
		{
			name: "what a server must not have us open", home: "flyte.example.com", hosts: []string{"dp.example.com"},
			answers: map[string]string{
				"unix:/run/secret.sock": refused, "passthrough:///dp.example.com": refused, "dns://10.0.0.1/dp.example.com": refused,
				"https://user:secret@dp.example.com": refused, "https://dp.example.com/path": refused, "nonsense:///x": refused, "\x00": refused,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hosts, err := ParseHosts(tt.hosts...)
			if err != nil {
				t.Fatal(err)
			}
			e := parsed(t, tt.home)
			p := Policy{Home: e, Plaintext: e.Security == endpoint.Plaintext, BarePlaintext: tt.bare, Hosts: hosts, Aliases: tt.aliases}
			for address, want := range tt.answers {
				v := p.judge(address)
				got := cluster
				switch {
				case v.home:
					got = home
				case v.refused != "":
					got = refused
				}
				if got != want {
					t.Errorf("%q: %s (%+v), want %s", address, got, v, want)
				}
			}
		})
	}
}

func TestParseHostsWantsHostsAlone(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", " ", "*.", "*", "https://dp.example.com", "dp.example.com:443", "dp.example.com/", "a.*.example.com", "dns:///dp.example.com",
		"user@dp.example.com", "127.0.0.1:80", "fe80::1%eth0", "a b",
	} {
		if got, err := ParseHosts(bad); err == nil {
			t.Errorf("%q: %q, want an error", bad, got)
		}
	}
	got, err := ParseHosts("DP.Example.com.", "*.Example.net", "::1", "10.0.0.1")
	if want := []string{"dp.example.com", "*.example.net", "::1", "10.0.0.1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}
