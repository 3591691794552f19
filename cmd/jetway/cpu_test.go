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

// maxCPU is how much processor time jetway may take, as a multiple of that of a program which
// links package clientset only, as plain go build makes it.
const maxCPU = 1.2

// BenchmarkProcess compares the processor time of jetway, user and system, with that of a
// program that links package clientset only: it does nothing beside --help, and prints the same
// token beside a token that is stored. The processes take turns, so that a busy machine slows all.
// Plain go build links the program with libc where there is a C compiler, which costs it a
// millisecond; static is the same program linked as jetway is. make soak runs it.
func BenchmarkProcess(b *testing.B) {
	jetway, plain, static := built(b, ".", installed), built(b, "./testdata/linked", nil), built(b, "./testdata/linked", installed)
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
	for name, args := range map[string]struct{ ours, theirs []string }{
		"help":  {[]string{"--help"}, nil},
		"token": {[]string{"token"}, []string{server.URL()}},
	} {
		b.Run(name, func(b *testing.B) {
			var ours, byPlain, byStatic []time.Duration
			for b.Loop() {
				ours = append(ours, cost(b, env, jetway, args.ours))
				byPlain = append(byPlain, cost(b, env, plain, args.theirs))
				byStatic = append(byStatic, cost(b, env, static, args.theirs))
			}
			ratio := float64(median(ours)) / float64(median(byPlain))
			b.ReportMetric(ratio, "times-plain")
			b.ReportMetric(float64(median(ours))/float64(median(byStatic)), "times-static")
			b.ReportMetric(float64(median(ours).Microseconds()), "cpu-µs")
			b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
			b.ReportMetric(0, "ns/op") // says nothing here
			if os.Getenv("JETWAY_TEST_CPU_BOUNDS") != "" && ratio > maxCPU {
				b.Errorf("%.2f times the processor time of a program that links clientset only, want %v at most", ratio, maxCPU)
			}
		})
	}
}

// installed are the flags of make install, which also sets CGO_ENABLED=0.
var installed = []string{"-trimpath", "-ldflags=-s -w"}

// built builds a program, as make install does if the flags are those, and returns its path.
func built(b *testing.B, pkg string, flags []string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "jetway")
	cmd := exec.CommandContext(b.Context(), "go", slices.Concat([]string{"build", "-o", path}, flags, []string{pkg})...)
	if flags != nil {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
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
func cost(b *testing.B, env []string, program string, args []string) time.Duration {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), program, args...)
	cmd.Env = env // what it writes goes to the null device, and takes no one's time
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s %v: %v", program, args, err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
