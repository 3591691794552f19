package conformance_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The modfile of the suite, which has far more requirements than these tests, and where
// `make integration` builds it.
const (
	modfile = "../connectconformance/go.mod"
	suite   = "../../.tmp/bin/connectconformance"
)

// Every case passes, except those in known-failing.txt, each of which has to fail, and those
// in known-flaky.txt, which may.
func TestConnectConformanceOfTheFront(t *testing.T) {
	t.Parallel()
	program, err := filepath.Abs(suite)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v; `make integration` builds it", err)
	}
	server, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--mode", "server", "--conf", "config.yaml", "--known-failing", "@known-failing.txt", "--known-flaky", "@known-flaky.txt"}
	for pattern := range strings.FieldsSeq(os.Getenv("JETWAY_TEST_CONFORMANCE_RUN")) {
		args = append(args, "--trace", "--run", pattern)
	}
	cmd := exec.CommandContext(t.Context(), program, append(args, "--", server)...)
	cmd.Env = append(os.Environ(), descriptorsEnv+"="+descriptors(t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
		return
	}
	t.Logf("%s", out[max(0, bytes.LastIndex(out, []byte("Total cases"))):])
}

// descriptors compiles the suite's protos.
func descriptors(t *testing.T) string {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "list", "-modfile="+modfile, "-m", "-f", "{{.Dir}}", "connectrpc.com/conformance").Output()
	if err != nil {
		t.Fatalf("find the suite's module: %v", err)
	}
	protos := filepath.Join(strings.TrimSpace(string(module)), "proto")
	files, err := filepath.Glob(filepath.Join(protos, "connectrpc", "conformance", "v1", "*.proto"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no protos in %s: %v", protos, err)
	}
	set := filepath.Join(t.TempDir(), "descriptors.pb")
	args := append([]string{"-I", protos, "--include_imports", "--descriptor_set_out=" + set}, files...)
	if out, err := exec.CommandContext(t.Context(), "protoc", args...).CombinedOutput(); err != nil {
		t.Fatalf("protoc: %v (`make integration` installs what is missing)\n%s", err, out)
	}
	return set
}
