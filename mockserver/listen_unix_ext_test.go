//go:build unix

package mockserver_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
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
	if _, err := mockserver.New(mockserver.WithUnixSocket(path)); err == nil || !strings.Contains(err.Error(), "another program listens there") {
		t.Errorf("while it is in use: %v", err)
	}
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	server, err := mockserver.New(mockserver.WithUnixSocket(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mockserver.New(mockserver.WithUnixSocket(path)); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "kept" {
		t.Errorf("the file is %q, %v", text, err)
	}
}
