//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// A disk without room loses nothing that was stored before, and is said.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	server := approving(t, oauth.Config{})
	p := newPerson(t)
	// onFullDisk runs jetway where no file may grow.
	onFullDisk := func(args ...string) (stderr string, code int) {
		cmd, _, errs := p.command(t.Context(), args...)
		cmd.Path, cmd.Err = "/bin/sh", nil
		cmd.Args = append([]string{"sh", "-c", `ulimit -f 0 && exec jetway "$@"`, "sh"}, args...)
		code = exitCode(t, cmd.Run())
		return errs.String(), code
	}
	login := []string{"login", "--endpoint", server.URL(), "--browser", freePort}
	stderr, code := onFullDisk(login...)
	if code != 3 || !strings.Contains(stderr, "cannot be stored, and was given up") {
		t.Errorf("login: exit code %d: %s", code, stderr)
	}
	if files := p.files(t); len(files) > 0 {
		t.Errorf("there are files %v", files)
	}
	stderr, code = onFullDisk("profile", "add", "one", "--endpoint", "h.example.com")
	if code != 3 || !strings.Contains(stderr, "store profiles") {
		t.Errorf("profile add: exit code %d: %s", code, stderr)
	}
	if files := p.files(t); len(files) > 0 {
		t.Errorf("there are files %v", files)
	}

	p.must(t, login...)
	before := p.files(t)
	for _, args := range [][]string{login, {"profile", "add", "two", "--endpoint", "h.example.com"}, {"profile", "remove", "default"}} {
		if stderr, code := onFullDisk(args...); code != 3 {
			t.Errorf("%s: exit code %d: %s", args[0], code, stderr)
		}
	}
	if after := p.files(t); !slices.Equal(before, after) {
		t.Errorf("files %v became %v", before, after)
	}
	if who := p.must(t, "whoami", "-o", "name"); who != "ada\n" {
		t.Errorf("the login before is that of %q", who)
	}
}
