package tokenstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// A login that had to stay in memory goes to the file as soon as that works.
func TestFallbackLeavesMemoryBehind(t *testing.T) {
	t.Parallel()
	k := personKey()
	blocked := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := newChain(&fakeKeyring{}, blocked)
	c.Stores = c.Stores[1:]
	for i, want := range []string{"memory", "file"} {
		if err := c.Store(t.Context(), k, login("x")); err != nil || c.holders(t.Context(), k) != want {
			t.Errorf("round %d: %v, held by %q, want %q", i, err, c.holders(t.Context(), k), want)
		}
		if i == 0 {
			if err := os.Remove(blocked); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A full disk costs nothing but the memory of other programs, and passes.
func TestFallbackReturnsToTheFile(t *testing.T) {
	t.Parallel()
	k := personKey()
	blocked := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := newChain(&fakeKeyring{}, blocked)
	c.Stores = c.Stores[1:]
	stamped := func(name string, age time.Duration) *auth.Credentials {
		l := login(name)
		l.IssuedAt = time.Now().Add(-age)
		return l
	}
	if _, err := c.Retrieve(t.Context(), k); err == nil || errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %v, want the trouble with the directory", err)
	}
	if err := c.Store(t.Context(), k, stamped("1", time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Retrieve(t.Context(), k); err != nil || !sameTokens(got, login("1")) || c.Location(k) != "memory" {
		t.Errorf("got %v, %v at %q", got, err, c.Location(k))
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	// Another program has stored a newer login by now.
	if err := (&FileStore{Dir: blocked}).Store(t.Context(), k, stamped("2", time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Retrieve(t.Context(), k); err != nil || !sameTokens(got, login("2")) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := c.Store(t.Context(), k, stamped("3", 0)); err != nil || c.holders(t.Context(), k) != "file" {
		t.Errorf("%v, held by %q", err, c.holders(t.Context(), k))
	}
	if n := strings.Count(c.log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings: %s", n, c.log)
	}
}
