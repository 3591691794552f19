package tokenstore

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// chain is keyring, file, memory as people get it.
type chain struct {
	*FallbackStore
	keyring *FlyteTools
	fake    *fakeKeyring
	file    *FileStore
	memory  *MemoryStore
	log     *strings.Builder
}

// newChain is another program on the same machine for every call with one fake
// and one directory.
func newChain(fake *fakeKeyring, dir string) chain {
	c := chain{
		keyring: &FlyteTools{Keyring: keyringOf(fake, linuxHost())}, fake: fake,
		file: &FileStore{Dir: dir}, memory: &MemoryStore{}, log: &strings.Builder{},
	}
	c.FallbackStore = &FallbackStore{Stores: []auth.Store{c.keyring, c.file, c.memory}, Logger: textLogger(c.log)}
	return c
}

func (c chain) holders(ctx context.Context, k auth.Key) string {
	var list []string
	for _, s := range []auth.Store{c.keyring, c.file, c.memory} {
		if _, err := s.Retrieve(ctx, k); err == nil {
			list = append(list, storeName(s))
		}
	}
	return strings.Join(list, " ")
}

func TestFallbackPrefersTheFirst(t *testing.T) {
	t.Parallel()
	c := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
	k := personKey()
	if _, err := c.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) || c.Location(k) != "" {
		t.Errorf("%v at %q", err, c.Location(k))
	}
	if err := c.Store(t.Context(), k, login("x")); err != nil {
		t.Fatal(err)
	}
	if got := c.holders(t.Context(), k); got != "keyring" || c.Location(k) != "keyring (jetway:flyte.example.com)" {
		t.Errorf("held by %q, said to be at %q", got, c.Location(k))
	}
	if got, err := newChain(c.fake, c.file.Dir).Retrieve(t.Context(), k); err != nil || !sameTokens(got, login("x")) {
		t.Errorf("the next program got %v, %v", got, err)
	}
	if err := c.Delete(t.Context(), k); err != nil || c.holders(t.Context(), k) != "" {
		t.Errorf("%v, held by %q", err, c.holders(t.Context(), k))
	}
	if c.log.Len() > 0 {
		t.Errorf("log: %s", c.log)
	}
}

// Whatever is wrong with the keyring: three seconds at most, one warning, no
// further call, and the login is in the file, where later programs find it
// without asking the keyring.
func TestFallbackWithoutAKeyring(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]struct {
		before func(release chan struct{}) func(n int, op, service, user string) error
		calls  int
		takes  time.Duration
	}{
		"absent": {func(chan struct{}) func(int, string, string, string) error {
			return func(int, string, string, string) error { return errors.New("not provided by any .service files") }
		}, 1, 0},
		"locked": {func(chan struct{}) func(int, string, string, string) error {
			return func(int, string, string, string) error { return errKeyringLockedByDaemon }
		}, 1, 0},
		"hanging": {func(release chan struct{}) func(int, string, string, string) error {
			return func(int, string, string, string) error { <-release; return nil }
		}, 1, keyringDeadline},
		"too small": {nil, 7, 0}, // one look at each of six places, one try to write
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := &fakeKeyring{limit: 20}
			release := make(chan struct{})
			defer close(release)
			if trouble.before != nil {
				fake.fail(trouble.before(release))
			}
			c := newChain(fake, filepath.Join(t.TempDir(), "x"))
			k := personKey()

			start := time.Now()
			for round := range 3 {
				got, err := c.Retrieve(t.Context(), k)
				if round == 0 && !errors.Is(err, auth.ErrNoCredentials) || round > 0 && !sameTokens(got, login("x")) {
					t.Errorf("%s: got %v, %v", name, got, err)
				}
				if err := c.Store(t.Context(), k, login("x")); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if took := time.Since(start); took != trouble.takes {
				t.Errorf("%s: took %v, want %v", name, took, trouble.takes)
			}
			if n := fake.count(); n > trouble.calls {
				t.Errorf("%s: %d calls, want %d", name, n, trouble.calls)
			}
			if n := strings.Count(c.log.String(), "level=WARN"); n != 1 || !strings.Contains(c.log.String(), "instead=file") {
				t.Errorf("%s: log %s", name, c.log)
			}

			calls := fake.count()
			next := newChain(fake, c.file.Dir)
			if got, err := next.Retrieve(t.Context(), k); err != nil || !sameTokens(got, login("x")) || next.Location(k) != c.file.Location(k) {
				t.Errorf("%s: the next program got %v, %v at %q", name, got, err, next.Location(k))
			}
			if err := next.Store(t.Context(), k, login("y")); err != nil || fake.count() != calls || next.log.Len() > 0 {
				t.Errorf("%s: the next program made %d calls: %v %s", name, fake.count()-calls, err, next.log)
			}
			if err := c.Delete(t.Context(), k); err != nil {
				t.Errorf("%s: delete: %v", name, err)
			}
			if _, err := c.file.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("%s: the file remains: %v", name, err)
			}
		})
	}
}

// One login that is too big for the keyring takes no other one out of it.
func TestFallbackOfALoginThatIsTooBig(t *testing.T) {
	t.Parallel()
	c := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
	c.keyring.Keyring.system.host = windowsHost()
	small, big := personKey(), auth.Key{Endpoint: "other.example.com", Flow: auth.StoredFlow}
	for k, l := range map[auth.Key]*auth.Credentials{big: long("big", 100_000), small: login("small")} {
		if err := c.Store(t.Context(), k, l); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Retrieve(t.Context(), k); err != nil || !sameTokens(got, l) {
			t.Errorf("got %s, %v", describeTokens(got), err)
		}
	}
	if b, s := c.holders(t.Context(), big), c.holders(t.Context(), small); b != "file" || s != "keyring" {
		t.Errorf("the big one is held by %q, the small one by %q", b, s)
	}
	// What happens to the keyring later is told as well.
	c.fake.fail(func(int, string, string, string) error { return errKeyringLockedByDaemon })
	for range 2 {
		if err := c.Store(t.Context(), small, login("new")); err != nil {
			t.Error(err)
		}
	}
	if log := c.log.String(); strings.Count(log, "level=WARN") != 2 || !strings.Contains(log, "too big") || !strings.Contains(log, "locked") {
		t.Errorf("log: %s", log)
	}
}

// A logout where the login is in the file, but may be in a locked keyring as well:
// it has done what it can, and says what may be left.
func TestFallbackDeleteBesideALockedKeyring(t *testing.T) {
	t.Parallel()
	k := personKey()
	c := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
	if err := errors.Join(c.keyring.Store(t.Context(), k, login("old")), c.file.Store(t.Context(), k, login("new"))); err != nil {
		t.Fatal(err)
	}
	c.fake.fail(func(int, string, string, string) error { return errKeyringLockedByDaemon })
	if err := c.Delete(t.Context(), k); err != nil || !strings.Contains(c.log.String(), "may hold an older one") {
		t.Errorf("%v, log %q", err, c.log)
	}
	c.fake.fail(nil)
	if got := c.holders(t.Context(), k); got != "keyring" {
		t.Errorf("held by %q", got)
	}
	// Where there is no keyring there is nothing to say.
	c = newChain(&fakeKeyring{}, c.file.Dir)
	c.keyring.Keyring.system.host = &keyringHost{goos: "linux", getenv: func(string) string { return "" }}
	if err := errors.Join(c.file.Store(t.Context(), k, login("new")), c.Delete(t.Context(), k)); err != nil || c.log.Len() > 0 {
		t.Errorf("%v, log %q", err, c.log)
	}
}

// A logout that cannot reach the keyring that holds the login says so.
func TestFallbackDeleteFromALockedKeyring(t *testing.T) {
	t.Parallel()
	c := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
	if err := c.Store(t.Context(), personKey(), login("x")); err != nil {
		t.Fatal(err)
	}
	c.fake.fail(func(int, string, string, string) error { return errKeyringLockedByDaemon })
	if err := c.Delete(t.Context(), personKey()); !errors.Is(err, ErrKeyringLocked) {
		t.Errorf("got %v", err)
	}
}

// A session over SSH sees no keyring; the login that it makes is found by the
// desktop, which has an older one in its keyring.
func TestFallbackMovesWithThePerson(t *testing.T) {
	t.Parallel()
	k := personKey()
	desktop := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
	if err := desktop.Store(t.Context(), k, login("old")); err != nil {
		t.Fatal(err)
	}
	ssh := newChain(&fakeKeyring{}, desktop.file.Dir)
	ssh.keyring.Keyring.system.host = &keyringHost{goos: "linux", getenv: func(string) string { return "" }}
	if _, err := ssh.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %v", err)
	}
	if err := ssh.Store(t.Context(), k, login("new")); err != nil || ssh.fake.count() != 0 {
		t.Fatal(err)
	}
	if got, err := desktop.Retrieve(t.Context(), k); err != nil || !sameTokens(got, login("new")) {
		t.Errorf("the desktop got %v, %v", got, err)
	}
	if err := desktop.Store(t.Context(), k, login("newer")); err != nil {
		t.Fatal(err)
	}
	if got, err := ssh.Retrieve(t.Context(), k); err != nil || !sameTokens(got, login("newer")) {
		t.Errorf("ssh got %v, %v", got, err)
	}
	// A logout at the desktop takes both.
	if err := desktop.Delete(t.Context(), k); err != nil || desktop.holders(t.Context(), k) != "" {
		t.Errorf("%v, held by %q", err, desktop.holders(t.Context(), k))
	}
}

// Where a login is kept is looked up before it is stored, even by a program that has
// not asked for it; and looked up anew once it is gone.
func TestFallbackStoresWhereTheLoginIs(t *testing.T) {
	t.Parallel()
	k := personKey()
	for name, logout := range map[string]func(c chain) error{
		"this program": func(c chain) error { return c.Delete(t.Context(), k) },
		"another program": func(c chain) error {
			err := newChain(c.fake, c.file.Dir).Delete(t.Context(), k)
			if _, rerr := c.Retrieve(t.Context(), k); !errors.Is(rerr, auth.ErrNoCredentials) {
				t.Errorf("after a logout elsewhere: %v", rerr)
			}
			return err
		},
	} {
		c := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
		if err := errors.Join(c.file.Store(t.Context(), k, login("old")), c.Store(t.Context(), k, login("new"))); err != nil {
			t.Fatal(err)
		}
		if got := c.holders(t.Context(), k); got != "file" || c.Location(k) != c.file.Location(k) {
			t.Errorf("held by %q, said to be at %q", got, c.Location(k))
		}
		if err := logout(c); err != nil || c.Location(k) != "" {
			t.Errorf("%s logs out: %v, said to be at %q", name, err, c.Location(k))
		}
		if err := c.Store(t.Context(), k, login("newer")); err != nil || c.holders(t.Context(), k) != "keyring" {
			t.Errorf("%s has logged out: %v, held by %q", name, err, c.holders(t.Context(), k))
		}
	}
}

func TestFallbackEnds(t *testing.T) {
	t.Parallel()
	c := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, rerr := c.Retrieve(ended, personKey())
	for op, err := range map[string]error{"retrieve": rerr, "store": c.Store(ended, personKey(), login("x")), "delete": c.Delete(ended, personKey())} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", op, err)
		}
	}
	if c.log.Len() > 0 {
		t.Errorf("a caller who left is no failure of a store: %s", c.log)
	}
	if err := c.Store(t.Context(), personKey(), &auth.Credentials{}); err == nil || c.fake.count() != 0 {
		t.Errorf("got %v", err)
	}
	for _, f := range []*FallbackStore{{}, {Stores: []auth.Store{&FileStore{Dir: "/dev/null"}}}} {
		if err := f.Store(t.Context(), personKey(), login("x")); err == nil {
			t.Error("stored nowhere, and no error")
		}
		if _, err := f.Retrieve(t.Context(), personKey()); err == nil {
			t.Error("retrieved from nowhere")
		}
	}
}

func TestDefaultStore(t *testing.T) {
	t.Parallel()
	person := auth.Traits{Interactive: true, FileStorable: true, Name: auth.StoredFlow}
	for _, c := range []struct {
		name       string
		traits     auth.Traits
		config     Config
		want       string
		persistent bool
	}{
		{"person", person, Config{}, "keyring file memory", true},
		{"machine", auth.Traits{Name: "client_credentials"}, Config{}, "keyring memory", true},
		{"person without keyring", person, Config{NoKeyring: true}, "file memory", true},
		{"machine without keyring", auth.Traits{}, Config{NoKeyring: true}, "memory", false},
		{"off", person, Config{Off: true}, "", false},
		{"not worth it", auth.Traits{Unstored: true}, Config{}, "", false},
	} {
		s := Default(c.traits, c.config)
		var names []string
		if f, ok := s.(*FallbackStore); ok {
			for _, s := range f.Stores {
				names = append(names, storeName(s))
			}
		} else if _, ok := s.(*MemoryStore); !ok {
			t.Errorf("%s: %T", c.name, s)
		}
		if got := strings.Join(names, " "); got != c.want || persistent(s) != c.persistent {
			t.Errorf("%s: %s, persistent %v", c.name, got, persistent(s))
		}
	}
}

// A login that died takes its own copies along, wherever they are, and no other login.
func TestStoresDiscardOnlyTheDead(t *testing.T) {
	t.Parallel()
	k := personKey()
	c := newChain(&fakeKeyring{}, filepath.Join(t.TempDir(), "x"))
	for _, s := range []auth.Store{c.keyring, c.file, c.memory, c.FallbackStore} {
		if err := errors.Join(s.Store(t.Context(), k, login("alive")), discardFrom(t.Context(), s, k, login("dead"))); err != nil {
			t.Errorf("%T: %v", s, err)
		}
		if got, err := s.Retrieve(t.Context(), k); err != nil || !sameTokens(got, login("alive")) {
			t.Errorf("%T holds %v, %v", s, got, err)
		}
		for range 2 { // nothing to discard is no error
			if err := discardFrom(t.Context(), s, k, login("alive")); err != nil {
				t.Errorf("%T: %v", s, err)
			}
		}
		if got := c.holders(t.Context(), k); got != "" {
			t.Errorf("%T: held by %s", s, got)
		}
	}
	// The keyring's copy is the dead one, the file's is not.
	if err := errors.Join(c.keyring.Store(t.Context(), k, login("dead")), c.file.Store(t.Context(), k, login("alive")),
		discardFrom(t.Context(), c.FallbackStore, k, login("dead"))); err != nil || c.holders(t.Context(), k) != "file" {
		t.Errorf("%v, held by %q", err, c.holders(t.Context(), k))
	}
}

// On a machine without keyring, no warning is logged of tokens in memory.
func TestFallbackOfAMachineIsQuiet(t *testing.T) {
	t.Parallel()
	c := newChain(&fakeKeyring{}, "")
	c.keyring.Keyring.system.host = &keyringHost{goos: "linux", getenv: func(string) string { return "" }}
	c.Stores = []auth.Store{c.keyring, c.memory}
	if err := c.Store(t.Context(), auth.Key{Flow: "client_credentials"}, login("x")); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.log.String(), "WARN") || !strings.Contains(c.log.String(), "level=INFO") {
		t.Errorf("log: %s", c.log)
	}
}
