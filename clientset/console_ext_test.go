package clientset_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/platform"
)

// advertiser answers GetPublicClientConfig, and nothing else.
type advertiser struct {
	authpb.UnimplementedAuthMetadataServiceServer

	answer func() (string, error)
	calls  atomic.Int64
}

func (a *advertiser) GetPublicClientConfig(
	context.Context, *authpb.GetPublicClientConfigRequest,
) (*authpb.GetPublicClientConfigResponse, error) {
	a.calls.Add(1)
	text, err := a.answer()
	return &authpb.GetPublicClientConfigResponse{ServiceHttpEndpoint: text}, err
}

// advertising serves a and returns its address.
func advertising(t *testing.T, a *advertiser) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	authpb.RegisterAuthMetadataServiceServer(s, a)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func advertises(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}

func TestTheConsoleIsWhereItWasSetElseAdvertisedElseDerived(t *testing.T) {
	t.Parallel()
	const advertised = "https://console.example.com/flyte/"
	for name, c := range map[string]struct {
		set, target string
		answer      func() (string, error)
		want        string // empty: derived
		calls       int64
	}{
		"set by the program":          {"https://own.example.com", "https://target.example.com", advertises(advertised), "https://own.example.com", 0},
		"set by the target":           {"", "https://target.example.com", advertises(advertised), "https://target.example.com", 0},
		"advertised":                  {"", "", advertises(advertised), "https://console.example.com/flyte", 1},
		"advertised without TLS":      {"", "", advertises("http://console.example.com:8080"), "http://console.example.com:8080", 1}, // as the endpoint
		"not advertised":              {"", "", advertises(""), "", 1},
		"a script advertised":         {"", "", advertises("javascript://console.example.com/%0aalert(1)"), "", 1},
		"a password advertised":       {"", "", advertises("https://ada:secret@console.example.com"), "", 1},
		"a query advertised":          {"", "", advertises("https://console.example.com?next=https://evil.example.com"), "", 1},
		"a name advertised":           {"", "", advertises("console"), "", 1},
		"control characters":          {"", "", advertises("https://console.example.com/\x1b[31m"), "", 1},
		"the call is not served":      {"", "", func() (string, error) { return "", status.Error(codes.Unimplemented, "") }, "", 1},
		"the call fails, asked again": {"", "", func() (string, error) { return "", status.Error(codes.Internal, "") }, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &advertiser{answer: c.answer}
			address := advertising(t, a)
			resolver := platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
				return platform.Target{Endpoint: address, Console: c.target}, nil
			})
			cs := made(t)(clientset.For(t.Context(), resolver, clientset.WithConsole(c.set), clientset.WithoutAuth()))
			want := c.want
			if want == "" {
				want = address
			}
			for range 2 {
				console, err := cs.Console(t.Context())
				if err != nil || console.URL() != want {
					t.Errorf("Console = %q, %v, want %q", console.URL(), err, want)
				}
			}
			if n := a.calls.Load(); n != c.calls {
				t.Errorf("%d calls, want %d", n, c.calls)
			}
		})
	}
}

func TestTheConsoleIsDerivedFromTheEndpoint(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for endpoint, want := range map[string]string{
		"flyte.example.com":               "https://flyte.example.com",
		"dns:///flyte.example.com:8443":   "https://flyte.example.com:8443",
		"https://flyte.example.com":       "https://flyte.example.com",
		"http://flyte.example.com":        "http://flyte.example.com",
		"http://flyte.example.com:8090":   "http://flyte.example.com:8090",
		"http://localhost:8090":           "http://localhost:8080",
		"http://127.0.0.1:8090":           "http://127.0.0.1:8080",
		"http://[::1]:8090":               "http://[::1]:8080",
		"localhost:8090":                  "https://localhost:8080",
		"http://localhost:8091":           "http://localhost:8091",
		"http://localhost.example.com:80": "http://localhost.example.com",
		"unix:/run/flyte.sock":            "",
	} {
		cs := made(t)(clientset.ForEndpoint(endpoint, clientset.WithoutAuth(), clientset.WithoutRetry()))
		console, err := cs.Console(gone)
		var e *clientset.Error
		if console.URL() != want || (want == "") != errors.As(err, &e) {
			t.Errorf("%s: %q, %v, want %q", endpoint, console.URL(), err, want)
		}
	}
	cs := made(t)(clientset.ForEndpoint("", clientset.WithHTTPBase("https://hub.example.com/api"), clientset.WithoutAuth()))
	if console, err := cs.Console(t.Context()); err != nil || console.URL() != "https://hub.example.com" {
		t.Errorf("%q, %v", console.URL(), err)
	}
	if _, err := made(t)(clientset.ForConn(nil), nil).Console(t.Context()); err == nil || !strings.Contains(err.Error(), "WithConsole") {
		t.Errorf("ForConn: %v", err)
	}
}

func TestAConsoleThatIsNoWebPageIsRefused(t *testing.T) {
	t.Parallel()
	for console, want := range map[string]string{
		"javascript:alert(1)":             "WithConsole: ",
		"javascript://h/%0aalert(1)":      "neither https:// nor http://",
		"data:text/html,x":                "WithConsole: ",
		"file:///etc/passwd":              "neither https:// nor http://",
		"https://ada:secret@h":            "user",
		"https://h?token=secret":          "query",
		"https://h?":                      "query",
		"https://h#x":                     "fragment",
		"https://":                        "no host",
		"https:///x":                      "no host",
		"https://h h":                     "WithConsole: ",
		"https://h\x1b":                   "WithConsole: ",
		"https://u:secret@h:port":         "WithConsole: ",
		"http://console.example.com":      "write https://",
		"https://xn--a\u202e.example.com": "WithConsole: ",
		"unix:/run/x":                     "host",
		"h/path":                          "path",
	} {
		cs, err := clientset.ForEndpoint("flyte.example.com", clientset.WithConsole(console), clientset.WithoutAuth())
		if err == nil {
			_ = cs.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want an error with %q and without the secret", console, err, want)
		}
		// The same from a config file does not keep the program from its calls.
		resolver := platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
			return platform.Target{Endpoint: "flyte.example.com", Console: console, Settings: platform.Settings{Console: "FLYTE_CONSOLE_ENDPOINT"}}, nil
		})
		cs = made(t)(clientset.For(t.Context(), resolver, clientset.WithoutAuth()))
		if found, err := cs.Console(t.Context()); err == nil || !strings.Contains(err.Error(), "FLYTE_CONSOLE_ENDPOINT: ") || found.URL() != "" {
			t.Errorf("%q of a target: %q, %v", console, found.URL(), err)
		}
	}
	for console, want := range map[string]string{
		"console.example.com":                "https://console.example.com",
		"dns:///console.example.com:8443":    "https://console.example.com:8443",
		"http://localhost:3000/":             "http://localhost:3000",
		"HTTPS://Console.Example.com:443/a/": "https://console.example.com/a",
		"https://h/a%2Fb":                    "https://h/a%2Fb",
		"https://h/a/../b":                   "https://h/b",
	} {
		cs := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithConsole(console), clientset.WithoutAuth()))
		if found, err := cs.Console(t.Context()); err != nil || found.URL() != want {
			t.Errorf("%q: %q, %v, want %q", console, found.URL(), err, want)
		}
	}
}

func TestPagesOfTheConsole(t *testing.T) {
	t.Parallel()
	cs := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithConsole("https://c.example.com/ui"), clientset.WithoutAuth()))
	c, err := cs.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := &commonpb.RunIdentifier{Org: "o", Project: "p", Domain: "d", Name: "r1"}
	for got, want := range map[string]string{
		c.Runs(&commonpb.ProjectIdentifier{Name: "p", Domain: "d"}): "/d/project/p/runs",
		c.Run(run):        "/d/project/p/runs/r1",
		c.TrackedRun(run): "/d/project/p/tracked-runs/r1",
		c.Task(&taskpb.TaskIdentifier{Project: "p", Domain: "d", Name: "env.f", Version: "v"}):        "/d/project/p/tasks/env.f",
		c.Trigger(&commonpb.TriggerName{Project: "p", Domain: "d", Name: "daily", TaskName: "env.f"}): "/d/project/p/triggers/env.f/daily",
		c.App(&apppb.Identifier{Project: "p", Domain: "d", Name: "a"}):                                "/d/project/p/apps/a",
		c.Artifact(&corepb.ArtifactKey{Project: "p", Domain: "d", Name: "a"}):                         "/d/project/p/artifacts/a",
		c.Run(&commonpb.RunIdentifier{Project: "a/b", Domain: "..", Name: "x?y#z %2F\"<ü>"}):          "/%252E%252E/project/a%2Fb/runs/x%3Fy%23z%20%252F%22%3C%C3%BC%3E",
		c.Run(nil): "//project//runs/",
	} {
		if want = "https://c.example.com/ui/v2/domain" + want; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
