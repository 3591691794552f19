package tokenstore

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// keyringHost describes the machine whose keyring is called.
type keyringHost struct {
	goos   string
	uid    int
	getenv func(string) string
	exists func(path string) bool
	limit  int // of one value in bytes, 0 for none
}

// The largest values that go into one item. Windows takes 2,560 bytes. macOS
// takes a command line of 4,096 that also holds the names and writes the value
// in base64; a longer one would leave a process behind.
const (
	limitWindows = 2560
	limitDarwin  = 2400
)

func thisHost(goos string) *keyringHost {
	h := &keyringHost{
		goos:   goos,
		uid:    os.Getuid(),
		getenv: os.Getenv,
		exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		},
	}
	switch goos {
	case "windows":
		h.limit = limitWindows
	case "darwin":
		h.limit = limitDarwin
	}
	return h
}

// secretService reports whether the keyring is one that is reached over D-Bus.
func (h *keyringHost) secretService() bool { return h.goos != "windows" && h.goos != "darwin" }

// reachable reports whether the keyring can be called without starting anything.
// Without a session bus the D-Bus library would launch one, which would outlive the
// program. It finds the bus of a login session under /run/user only, wherever
// XDG_RUNTIME_DIR points.
func (h *keyringHost) reachable() bool {
	if !h.secretService() {
		return true
	}
	if address := h.getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && !strings.HasPrefix(address, "autolaunch:") {
		return true
	}
	dir := h.getenv("XDG_RUNTIME_DIR")
	return dir != "" && h.exists(filepath.Join(dir, "bus")) &&
		h.exists("/run/user/"+strconv.Itoa(h.uid)+"/bus")
}
