package mock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// waitFor returns what is in a file as soon as it is there.
func waitFor(t *testing.T, file string) []byte {
	t.Helper()
	for range 10_000 {
		text, err := os.ReadFile(file)
		if err == nil && string(text) != "of an earlier run" {
			return text
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("there is no " + file)
	return nil
}

// The tests in integration/languages run what is printed here.
func TestSettingsAreForThisServer(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	const secret = "secret-of-the-control"
	server, err := mockserver.New(mockserver.WithTLS(), control.Enable(secret), mockserver.WithOAuth(oauth.Config{
		Clients: []oauth.Client{{ID: "team a", Secret: `qu"ote&'<`}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	got := map[string]string{}
	for _, s := range settings(server, &Flags{caFile: ca, front: true, control: true, controlSecret: secret, headerKey: "x-auth", audience: "api://x y"}) {
		got[s[0]] = s[1]
	}
	for name, lines := range map[string][]string{
		"python": {
			"import grpc",
			`trust = grpc.ssl_channel_credentials(open("` + ca + `", "rb").read())`,
			`channel = grpc.secure_channel("` + server.Endpoint() + `", trust)`,
			`client_id, client_secret = "team a", "qu\"ote&'<"`,
			`control_secret = "` + secret + `"`,
		},
		"typescript": {
			"// Node.js needs the variable NODE_EXTRA_CA_CERTS=" + ca,
			`import { createGrpcTransport } from "@connectrpc/connect-node";`,
			`const transport = createGrpcTransport({ baseUrl: "` + server.URL() + `" });`,
			`const client = { id: "team a", secret: "qu\"ote&'<" };`,
			`const controlSecret = "` + secret + `";`,
		},
		"curl": {
			"token=$(curl -sS --cacert " + ca + " -u team+a:qu%22ote%26%27%3C -d grant_type=client_credentials --data-urlencode 'audience=api://x y' " +
				server.TokenURL() + ` | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`,
			"curl -sS --cacert " + ca + ` -H 'content-type: application/json' -H "x-auth: Bearer $token" -d '{}' ` + server.URL() + "/flyteidl2.project.ProjectService/ListProjects",
			"curl -sS --cacert " + ca + " -H 'content-type: application/json' -H 'jetway-mock-secret: " + secret + "' -d '{}' " + server.URL() + "/jetway.mock.v1.ControlService/ListRequests",
		},
	} {
		if want := strings.Join(lines, "\n"); got[name] != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got[name], want)
		}
	}
	if some := settings(server, &Flags{proxyToken: "p"}); some != nil {
		t.Errorf("behind a proxy: %v", some)
	}
	if some := settings(server, &Flags{clientCertFile: "c"}); some != nil {
		t.Errorf("with a client certificate: %v", some)
	}
}

func TestSettingsArePrintedBehindTheFacts(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := write(&out, show.Table, [][2]string{{"python", "a\nb"}, {"endpoint", "x"}, {"curl", "c"}, {"go", "d"}}); err != nil {
		t.Fatal(err)
	}
	if want := "endpoint       x\ngo             d\n\npython\n    a\n    b\n\ncurl\n    c\n"; out.String() != want {
		t.Errorf("it prints\n%s", out.String())
	}
}
