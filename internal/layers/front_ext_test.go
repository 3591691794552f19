package layers_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Package mockserver imports its front, but only an option names it, so that the linker
// leaves it out of programs that do not use the option.
func TestOnlyProgramsThatUseTheFrontLinkIt(t *testing.T) {
	t.Parallel()
	touch(t)
	const transcoder = "connectrpc.com/vanguard.(*Transcoder).ServeHTTP"
	for name, want := range map[string]bool{"native": false, "front": true} {
		program := filepath.Join(t.TempDir(), name)
		for _, args := range [][]string{{"build", "-o", program, "./" + filepath.Join("testdata", name)}, {"tool", "nm", program}} {
			out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
			if err != nil {
				t.Fatalf("go %v: %v\n%s", args, err, out)
			}
			if linked := strings.Contains(string(out), transcoder); args[0] == "tool" && linked != want {
				t.Errorf("program %s links the front: %t, want %t", name, linked, want)
			}
		}
	}
}
