package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// maxSize is what the stripped program may have, in bytes.
const maxSize = 28 << 20

// BenchmarkProcess compares the processor time of jetway, user and system, with that of a
// program that links package clientset only: it does nothing beside --help, and prints the same
// token beside a token that is stored. The processes take turns, so that a busy machine slows both.
// make soak runs it.
func BenchmarkProcess(b *testing.B) {
	jetway, linked := built(b, ".", "jetway"), built(b, "./testdata/linked", "linked")
	info, err := os.Stat(jetway)
	if err != nil {
		b.Fatal(err)
	}
	if info.Size() > maxSize {
		b.Errorf("the program has %d bytes, want %d at most", info.Size(), maxSize)
	}
	server := mocktest.New(b, mockserver.WithOAuth(oauth.Config{AutoApprove: "ada"}))
	home := b.TempDir()
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
	login := exec.CommandContext(b.Context(), jetway, "login", "--endpoint", server.URL(), "--device")
	login.Env = env
	if out, err := login.CombinedOutput(); err != nil {
		b.Fatalf("log in: %v\n%s", err, out)
	}
	for name, pair := range map[string]struct {
		ours, theirs []string
		most         float64
	}{
		"help": {[]string{jetway, "--help"}, []string{linked}, 1.2},
		// Half of what it takes more is the initialization of what call and mock link, which
		// one program cannot leave out: see docs/benchmarks.md.
		"token": {[]string{jetway, "token"}, []string{linked, server.URL()}, 1.4},
	} {
		b.Run(name, func(b *testing.B) {
			var ours, theirs []time.Duration
			for b.Loop() {
				ours = append(ours, cost(b, env, pair.ours))
				theirs = append(theirs, cost(b, env, pair.theirs))
			}
			ratio := float64(median(ours)) / float64(median(theirs))
			b.ReportMetric(ratio, "times")
			b.ReportMetric(float64(median(ours).Microseconds()), "cpu-µs")
			b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
			if os.Getenv("JETWAY_TEST_CPU_BOUNDS") != "" && ratio > pair.most {
				b.Errorf("%.2f times the processor time of a program that links clientset only, want %v at most", ratio, pair.most)
			}
		})
	}
}

// built builds a program as make install does, and returns its path.
func built(b *testing.B, pkg, name string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return copied(b, path)
}

// copied copies a program, as installers do. The linker writes page by page, and the memory of
// such a file costs the processes that run it more than that of one which was written, or is
// read, in larger parts.
func copied(b *testing.B, path string) string {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	path = filepath.Join(b.TempDir(), filepath.Base(path))
	if err := os.WriteFile(path, text, 0o700); err != nil {
		b.Fatal(err)
	}
	return path
}

// cost is the processor time of one process.
func cost(b *testing.B, env, argv []string) time.Duration {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), argv[0], argv[1:]...)
	cmd.Env = env // what it writes goes to the null device, and takes no one's time
	if err := cmd.Run(); err != nil {
		b.Fatalf("%v: %v", argv, err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
