//go:build unix

package listen

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server that was killed leaves its socket; the next one takes its place, and no other's.
func TestASocketThatNothingListensOnIsReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if _, err := On(Unix, path); err == nil || !strings.Contains(err.Error(), "another program listens there") {
		t.Errorf("while it is in use: %v", err)
	}
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := On(Unix, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := On(Unix, path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "kept" {
		t.Errorf("the file is %q, %v", text, err)
	}
}
