package layers_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestEveryDirectRequirementHasItsReason: a new line here is a new dependency of all who
// use a package that imports it.
func TestEveryDirectRequirementHasItsReason(t *testing.T) {
	t.Parallel()

	const most = 24
	reasons := map[string]string{
		"google.golang.org/grpc":                          "the calls",
		"google.golang.org/protobuf":                      "the messages",
		"google.golang.org/genproto/googleapis/rpc":       "status details",
		"google.golang.org/genproto/googleapis/api":       "the HTTP rules of methods, by interceptors/httprule",
		"github.com/grpc-ecosystem/go-grpc-middleware/v2": "retry of calls without side effects",
		"golang.org/x/oauth2":                             "requests to token endpoints",
		"golang.org/x/net":                                "the proxies of the environment",
		"golang.org/x/sync":                               "one fetch for all who wait",
		"golang.org/x/sys":                                "the limit for unacknowledged data",
		"github.com/gofrs/flock":                          "one refresh for all processes",
		"github.com/golang-jwt/jwt/v5":                    "client assertions",
		"github.com/zalando/go-keyring":                   "logins in the platform's keyring",
		"github.com/coder/websocket":                      "the websocket of Jupyter kernels, by platform/nublado/kernel; depends on nothing",
		"go.yaml.in/yaml/v3":                              "Flyte's config files",
		"github.com/go-jose/go-jose/v4":                   "the mock's tokens and keys",
		"go.etcd.io/bbolt":                                "the mock's state in a file, by mockserver/state; depends on x/sys only",
		"github.com/spf13/cobra":                          "the commands of jetway",
		"golang.org/x/term":                               "terminals: the width, passwords",
		"rsc.io/qr":                                       "QR codes of jetway login; depends on nothing",
		"github.com/rogpeppe/go-internal":                 "tests: scripts of the command",
		"connectrpc.com/connect":                          "the mock's front: errors by Connect; tests: a second kind of server and of client",
		"connectrpc.com/vanguard":                         "the mock's front: gRPC-Web and Connect in front of a gRPC server",
		"github.com/google/go-cmp":                        "tests: differences",
		"go.uber.org/goleak":                              "tests: goroutines that do not end",
	}
	touch(t)
	cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	direct := 0
	for _, r := range file.Require {
		if r.Indirect {
			continue
		}
		direct++
		if reasons[r.Path] == "" {
			t.Errorf("go.mod requires %s, which has no reason here", r.Path)
		}
		delete(reasons, r.Path)
	}
	for path := range reasons {
		t.Errorf("go.mod does not require %s, which has a reason here", path)
	}
	if direct > most {
		t.Errorf("%d direct requirements, at most %d are allowed", direct, most)
	}
}
