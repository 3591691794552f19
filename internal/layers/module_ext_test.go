package layers_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/internal/layers"
)

// listed is what we read of `go list -json`.
type listed struct {
	ImportPath   string
	Standard     bool
	Module       *struct{ Path string }
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

func TestModuleKeepsItsLayers(t *testing.T) {
	t.Parallel()

	for _, line := range layers.Check(layers.Rules(), module(t)) {
		t.Error(line)
	}
}

func TestPackagesForTestsAreImportedByTestsAndExamplesOnly(t *testing.T) {
	t.Parallel()

	for _, line := range layers.CheckForTests(module(t)) {
		t.Error(line)
	}
}

func TestFakesLinkNothingOfWhatTheyFake(t *testing.T) {
	t.Parallel()

	for _, line := range layers.CheckFakes(module(t)) {
		t.Error(line)
	}
}

func TestExamplesImportNoInternalPackage(t *testing.T) {
	t.Parallel()

	for _, line := range layers.CheckExamples(module(t)) {
		t.Error(line)
	}
}

// module is every package of this module.
func module(t *testing.T) []layers.Imports {
	t.Helper()
	var pkgs []layers.Imports
	for _, p := range goList(t, "./...") {
		pkgs = append(pkgs, layers.Imports{
			Package: p.ImportPath, Code: p.Imports, Tests: slices.Concat(p.TestImports, p.XTestImports), Deps: p.Deps,
		})
	}
	if len(pkgs) < 20 {
		t.Fatalf("go list reports %d packages: not the whole module", len(pkgs))
	}
	return pkgs
}

// TestNothingLinksTheCommand looks at every package that programs import.
func TestNothingLinksTheCommand(t *testing.T) {
	t.Parallel()

	ofTheCommand := []string{
		"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term", "rsc.io/qr", "github.com/rogpeppe/go-internal", mod + "cmd",
	}
	for _, p := range goList(t, "./...") {
		name, ours := strings.CutPrefix(p.ImportPath, mod)
		if !ours || strings.HasPrefix(name, "cmd/") {
			continue
		}
		for _, dep := range p.Deps {
			for _, of := range ofTheCommand {
				if dep == of || strings.HasPrefix(dep, of+"/") {
					t.Errorf("%s links %s, which only the command needs", name, dep)
				}
			}
		}
	}
}

// TestClientLinksNoMock looks at everything that ends up in a program which
// imports clientset, directly or not.
func TestClientLinksNoMock(t *testing.T) {
	t.Parallel()

	// What a client needs, and why. A new line here is a new dependency of everybody.
	modules := map[string]string{
		layers.Module:                                     "ourselves",
		"golang.org/x/net":                                "HTTP/2 framing and tracing, by grpc; the proxies of the environment, and SOCKS, by ourselves",
		"golang.org/x/oauth2":                             "requests to token endpoints",
		"golang.org/x/sync":                               "one fetch for all who wait, by configstore",
		"golang.org/x/sys":                                "by grpc; the limit for unacknowledged data, by ourselves",
		"golang.org/x/text":                               "internationalised host names, by x/net",
		"google.golang.org/grpc":                          "the calls",
		"google.golang.org/protobuf":                      "the messages",
		"google.golang.org/genproto/googleapis/api":       "the HTTP rules of methods",
		"google.golang.org/genproto/googleapis/rpc":       "status details, by grpc",
		"github.com/grpc-ecosystem/go-grpc-middleware/v2": "retry of calls without side effects",
		"github.com/gofrs/flock":                          "one refresh for all processes",
		"github.com/golang-jwt/jwt/v5":                    "client assertions; depends on nothing",
		"github.com/zalando/go-keyring":                   "logins in the platform's keyring",
		"github.com/godbus/dbus/v5":                       "by go-keyring, on Linux",
	}
	banned := []string{"testing", "net/http/httptest", "expvar", "net/http/pprof", "flag"}

	for _, p := range goList(t, "-deps", "./clientset") {
		if p.Standard {
			if slices.Contains(banned, p.ImportPath) || strings.HasPrefix(p.ImportPath, "testing/") {
				t.Errorf("clientset links %s", p.ImportPath)
			}
			continue
		}
		if _, ok := modules[p.Module.Path]; !ok {
			t.Errorf("clientset links %s of module %s, which is not in the list", p.ImportPath, p.Module.Path)
		}
		if name, ok := strings.CutPrefix(p.ImportPath, mod); ok {
			if layers.ForTests(name) {
				t.Errorf("clientset links %s, which is for tests", name)
			}
			for _, dir := range []string{
				"mockserver", "cmd", "examples", "internal/wire", "internal/layers", "interceptors/serverauth",
				// Services that few programs call: those that do import the stubs themselves.
				"gen/flyteidl2/artifact", "gen/flyteidl2/imagebuilder", "gen/flyteidl2/settings", "gen/flyteidl2/trigger",
			} {
				if name == dir || strings.HasPrefix(name, dir+"/") {
					t.Errorf("clientset links %s", name)
				}
			}
		}
	}
}

// What carries credentials over HTTP knows nothing of gRPC.
func TestTheHTTPCarrierImportsNoGRPC(t *testing.T) {
	t.Parallel()

	for _, p := range goList(t, "./interceptors/httpauth") {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "google.golang.org/") {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// A program that keeps its logins in memory, or in a store of its own, links no
// keyring, no D-Bus and no file locks: auth/tokenstore alone does.
func TestOnlyTokenstoreLinksKeyringAndFileLocks(t *testing.T) {
	t.Parallel()

	stores := []string{"github.com/zalando/go-keyring", "github.com/godbus/dbus/v5", "github.com/gofrs/flock"}
	linked := func(pkgs ...string) (found []string) {
		for _, p := range goList(t, append([]string{"-deps"}, pkgs...)...) {
			if p.Module != nil && slices.Contains(stores, p.Module.Path) && !slices.Contains(found, p.Module.Path) {
				found = append(found, p.Module.Path)
			}
		}
		return found
	}
	if found := linked("./auth", "./auth/flow", "./interceptors/...", "./platform/...", "./configstore"); len(found) > 0 {
		t.Errorf("without auth/tokenstore a program links %v", found)
	}
	if found := linked("./auth/tokenstore"); len(found) != len(stores) {
		t.Errorf("auth/tokenstore links %v, want %v: is the list out of date?", found, stores)
	}
}

// A test against the mock that keeps its state in memory links no store, and no client does.
func TestOnlyStateLinksTheEmbeddedStore(t *testing.T) {
	t.Parallel()

	const store = "go.etcd.io/bbolt"
	links := func(pkgs ...string) bool {
		return slices.ContainsFunc(goList(t, append([]string{"-deps"}, pkgs...)...), func(p listed) bool {
			return p.Module != nil && p.Module.Path == store
		})
	}
	if links("./clientset", "./mockserver", "./mockserver/mocktest") {
		t.Errorf("a program without mockserver/state links %s", store)
	}
	if !links("./mockserver/state") {
		t.Errorf("mockserver/state does not link %s: is its path out of date?", store)
	}
}

// TestMockLinksNoClient looks at everything that the mock pulls in: what it shares
// with the client it cannot catch.
func TestMockLinksNoClient(t *testing.T) {
	t.Parallel()

	for _, p := range goList(t, "-deps", "./mockserver/...") {
		if p.Module != nil && p.Module.Path == "github.com/golang-jwt/jwt/v5" {
			t.Errorf("the mock links %s, which the client signs its assertions with", p.ImportPath)
		}
		name, ok := strings.CutPrefix(p.ImportPath, mod)
		if !ok || name == "interceptors/serverauth" || strings.HasPrefix(name, "gen/") ||
			name == "mockserver" || strings.HasPrefix(name, "mockserver/") {
			continue
		}
		t.Errorf("the mock links %s", name)
	}
}

// A test in Go scripts the mock directly: it links neither the control service nor the YAML
// reader of seed files.
func TestTheMockLinksNoControlService(t *testing.T) {
	t.Parallel()

	for _, p := range goList(t, "-deps", "./mockserver", "./mockserver/mocktest") {
		for _, of := range []string{mod + "mockserver/control", mod + "mockserver/seed", mod + "gen/jetway", "go.yaml.in/yaml"} {
			if p.ImportPath == of || strings.HasPrefix(p.ImportPath, of+"/") {
				t.Errorf("the mock links %s", p.ImportPath)
			}
		}
	}
}

// goList asks the go command about packages of this module.
func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	touch(t)
	args = append([]string{"list", "-json=ImportPath,Standard,Module,Imports,TestImports,XTestImports,Deps"}, args...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// touch looks at every source file of the module. `go test` reuses a result while
// the files that a test itself has looked at are unchanged, and would not notice
// those that only the go command has read.
func touch(t *testing.T) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case filepath.Ext(path) == ".go" || d.Name() == "go.mod":
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
