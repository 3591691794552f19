package tokenstore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The D-Bus library would start a bus of its own, which stays behind. This runs
// the real thing, with a bus to start that leaves a trace.
func TestKeyringStartsNoBus(t *testing.T) {
	dir := t.TempDir()
	trace := filepath.Join(dir, "started")
	script := "#!/bin/sh\ntouch '" + trace + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", dir)
	// A socket where the library does not look must not fool us either.
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	host := thisHost("linux")
	host.uid = -1 // no session is at /run/user/-1
	s := &KeyringStore{system: &systemKeyring{items: libraryItems{}, host: host}}
	_, rerr := s.Retrieve(t.Context(), personKey())
	for _, err := range []error{rerr, s.Store(t.Context(), personKey(), login("x")), s.Delete(t.Context(), personKey())} {
		if !errors.Is(err, ErrKeyringUnavailable) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := os.Stat(trace); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a bus was started: %v", err)
	}
}
