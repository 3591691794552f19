package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// insideName tells a process which test it is there for.
const insideName = "JETWAY_KEYRING_TEST"

// bus is the session bus that a test wants.
type bus int

const (
	// busUsual is that of this system, which starts services as they are asked for.
	busUsual bus = iota
	// busBare starts nothing.
	busBare
	// busNone is the absence of one.
	busNone
	// busGone is an address where nothing listens.
	busGone
	// busMute takes connections and never says a word.
	busMute
)

// testLimit ends what hangs; it is far more than any test takes on a busy machine.
const testLimit = 3 * time.Minute

// inside reports whether this is the process of the test, on the right bus. If it
// is not, inside runs that process, passes on what came of it, and looks for
// processes that it left behind; the test then has nothing more to do.
func inside(t *testing.T, kind bus) bool {
	t.Helper()
	if os.Getenv(insideName) == t.Name() {
		return true
	}
	home := t.TempDir()
	runtime := filepath.Join(home, "run")
	if err := os.Mkdir(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testLimit+10*time.Second)
	defer cancel()
	launched := trap(t, home)
	argv := []string{self, "-test.run=^" + t.Name() + "$", "-test.v", "-test.timeout=" + testLimit.String()}
	env := []string{
		"HOME=" + home, "XDG_RUNTIME_DIR=" + runtime, "LANG=C.UTF-8",
		"PATH=" + filepath.Join(home, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "TMPDIR=" + home, insideName + "=" + t.Name(), programName + "=" + os.Getenv(programName),
	}
	switch kind {
	case busUsual:
		argv = append([]string{"dbus-run-session", "--"}, argv...)
	case busBare:
		argv = append([]string{"dbus-run-session", "--config-file=" + bareConfig(t, home), "--"}, argv...)
	case busGone:
		env = append(env, "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(home, "nothing"))
	case busMute:
		env = append(env, "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(home, "mute"))
	case busNone:
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "--- PASS: "+t.Name()) {
		t.Errorf("%s: %v (Debian packages dbus, gnome-keyring and python3-keyring are needed; `make integration` installs them)\n%s", argv[0], err, out.String())
	} else {
		t.Log(strings.TrimSpace(out.String()))
	}
	if _, err := os.Stat(launched); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a session bus was launched (%v)", err)
	}
	if left := processesOf(t, "HOME="+home); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	return false
}

// trap puts a dbus-launch into the path that launches nothing, and leaves a trace.
func trap(t *testing.T, home string) (trace string) {
	t.Helper()
	trace = filepath.Join(home, "launched")
	bin := filepath.Join(home, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\ntouch " + trace + "\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return trace
}

// bareConfig is a bus that knows no service to start.
func bareConfig(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "bus.conf")
	text := fmt.Sprintf(`<busconfig>
  <type>session</type>
  <listen>unix:dir=%s</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
`, dir)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// processesOf lists processes that were started with a variable set like this.
func processesOf(t *testing.T, variable string) []string {
	t.Helper()
	for end := time.Now().Add(testLimit); ; time.Sleep(50 * time.Millisecond) { // what a bus ends takes a moment
		var found []string
		files, err := filepath.Glob("/proc/[0-9]*/environ")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			env, err := os.ReadFile(f)
			if err == nil && strings.Contains("\x00"+string(env), "\x00"+variable+"\x00") {
				line, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "cmdline"))
				found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
			}
		}
		if len(found) == 0 || time.Now().After(end) {
			return found
		}
	}
}

const (
	secretService = "org.freedesktop.secrets"
	servicePath   = "/org/freedesktop/secrets"
)

// connect opens a connection of the test's own to the session bus.
func connect(t *testing.T) *dbus.Conn {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// unlockedKeyring starts gnome-keyring with an unlocked, empty keyring.
func unlockedKeyring(t *testing.T) *dbus.Conn {
	t.Helper()
	daemon := exec.Command("gnome-keyring-daemon", "--unlock", "--components=secrets")
	daemon.Stdin = strings.NewReader("the keyring's own password")
	if out, err := daemon.CombinedOutput(); err != nil {
		t.Fatalf("gnome-keyring-daemon: %v\n%s", err, out)
	}
	// A client that comes earlier makes the bus start a second daemon, locked.
	conn := connect(t)
	for {
		var owned bool
		if err := conn.BusObject().CallWithContext(t.Context(), "org.freedesktop.DBus.NameHasOwner", 0, secretService).Store(&owned); err != nil {
			t.Fatal(err)
		}
		if owned {
			return conn
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// lock locks the keyring, as a screen saver does.
func lock(t *testing.T, conn *dbus.Conn) {
	t.Helper()
	collections := []dbus.ObjectPath{servicePath + "/collection/login"}
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	call := conn.Object(secretService, servicePath).CallWithContext(t.Context(), "org.freedesktop.Secret.Service.Lock", 0, collections)
	if err := call.Store(&locked, &prompt); err != nil || len(locked) != 1 {
		t.Fatalf("locked %v, %v", locked, err)
	}
}
