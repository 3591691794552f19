package keyring_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// All of one operation takes three seconds at most. This is far more, on a busy machine
// too, and far less than forever.
const bounded = time.Minute

// mustFail makes one operation after the other, each of which fails for want.
func mustFail(t *testing.T, s *tokenstore.KeyringStore, want error) {
	t.Helper()
	started := time.Now()
	for op, err := range map[string]error{
		"store":    s.Store(t.Context(), person, login("a")),
		"retrieve": second(s.Retrieve(t.Context(), person)),
		"delete":   s.Delete(t.Context(), person),
	} {
		if !errors.Is(err, want) || errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("%s: %v, want %v", op, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "access-a") {
			t.Errorf("%s: the error holds the token", op)
		}
	}
	took := time.Since(started)
	t.Logf("three operations: %v", took.Round(time.Millisecond))
	if took > bounded {
		t.Errorf("three operations took %v", took)
	}
}

func second[T any](_ T, err error) error { return err }

// mustFallBack keeps a login in the usual stores: it goes into a file, and one line
// says why.
func mustFallBack(t *testing.T, warnings int) {
	t.Helper()
	var log bytes.Buffer
	dir := filepath.Join(t.TempDir(), "credentials")
	s := tokenstore.Default(auth.Traits{FileStorable: true}, tokenstore.Config{
		Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	for _, c := range []*auth.Credentials{login("first"), login("second")} {
		mustStore(t, s, person, c)
		mustHold(t, s, person, c)
		mustHold(t, &tokenstore.FileStore{Dir: dir}, person, c)
	}
	if got := strings.Count(log.String(), "level=WARN"); got != warnings {
		t.Errorf("%d warnings, want %d:\n%s", got, warnings, log.String())
	}
	if strings.Contains(log.String(), "access-") {
		t.Error("the log holds a token")
	}
}

// A locked keyring is not an empty one.
func TestLockedKeyring(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	conn := unlockedKeyring(t)
	mustStore(t, &tokenstore.KeyringStore{}, person, login("before"))
	lock(t, conn)
	mustFail(t, &tokenstore.KeyringStore{}, tokenstore.ErrKeyringLocked)
	mustFallBack(t, 1)
}

func TestNoSecretService(t *testing.T) {
	t.Parallel()
	if !inside(t, busBare) {
		return
	}
	mustFail(t, &tokenstore.KeyringStore{}, tokenstore.ErrKeyringUnavailable)
	mustFallBack(t, 1)
}

// Without a bus the library below would start one (dbus-launch), and leave it
// running; inside watches that.
func TestNoBus(t *testing.T) {
	t.Parallel()
	if !inside(t, busNone) {
		return
	}
	if path, err := exec.LookPath("dbus-launch"); err != nil || filepath.Dir(path) != filepath.Join(os.Getenv("HOME"), "bin") {
		t.Fatalf("the trap is not set: %q, %v", path, err)
	}
	mustFail(t, &tokenstore.KeyringStore{}, tokenstore.ErrKeyringUnavailable)
	mustFallBack(t, 1)
}

func TestStoppedBusIsUnavailable(t *testing.T) {
	t.Parallel()
	if !inside(t, busGone) {
		return
	}
	mustFail(t, &tokenstore.KeyringStore{}, tokenstore.ErrKeyringUnavailable)
	mustFallBack(t, 1)
}

// The bus accepts the connection and sends nothing.
func TestSilentBusTimesOut(t *testing.T) {
	t.Parallel()
	if !inside(t, busMute) {
		return
	}
	listener, err := net.Listen("unix", filepath.Join(os.Getenv("HOME"), "mute"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	mustFail(t, &tokenstore.KeyringStore{}, tokenstore.ErrKeyringTimeout)
	mustFallBack(t, 1)
}
