//go:build unix

package browser_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jetway-go/jetway/internal/browser"
)

// A real program gets the address as one argument, and is not waited for.
func TestOpenStartsTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script, got, gate, pid := filepath.Join(dir, "browser"), filepath.Join(dir, "got"), filepath.Join(dir, "gate"), filepath.Join(dir, "pid")
	text := "#!/bin/sh\necho $$ >" + pid + "\necho noise\nprintf '%s|' \"$@\" >" + got + ".part\nmv " + got + ".part " + got + "\nwhile ! [ -e " + gate + " ]; do sleep 0.01; done\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	l := browser.Launcher{Getenv: func(name string) string {
		if name == "BROWSER" {
			return script + " --tab"
		}
		return ""
	}}
	ctx, cancel := context.WithCancel(t.Context())
	if err := l.Open(ctx, "https://idp.example/?a=$(touch x)&b;c"); err != nil {
		t.Fatal(err)
	}
	cancel()
	var args []byte
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if args, _ = os.ReadFile(got); len(args) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if want := "--tab|https://idp.example/?a=$(touch%20x)&b;c|"; string(args) != want {
		t.Errorf("the program got %q, want %q", args, want)
	}

	// It has run past Open until here, though the login is over, and Ctrl-C in our
	// terminal is not for it. Nothing is left of it when it ends.
	number, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	process, err := strconv.Atoi(strings.TrimSpace(string(number)))
	if err != nil || syscall.Kill(process, 0) != nil {
		t.Fatalf("the program is not running any more: %v", err)
	}
	if group, err := syscall.Getpgid(process); err != nil || group == syscall.Getpgrp() {
		t.Errorf("the program is in our process group %d: %v", group, err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for syscall.Kill(process, 0) == nil {
		time.Sleep(10 * time.Millisecond)
	}
}

// The real file system says that a path with a space in it is a program.
func TestOpenStartsAProgramWithASpaceInItsPath(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "my browser")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var started []string
	l := browser.Launcher{
		Getenv: func(string) string { return script },
		WSL:    func() bool { return false },
		Start: func(_ context.Context, argv []string) error {
			started = argv
			return nil
		},
	}
	if err := l.Open(t.Context(), page); err != nil || len(started) != 2 || started[0] != script {
		t.Errorf("started %q, %v; want the script", started, err)
	}
}
