package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/auth"
)

func TestKeyringKeepsEveryField(t *testing.T) {
	t.Parallel()
	for _, h := range []*keyringHost{linuxHost(), windowsHost()} {
		s, f := newKeyring(h)
		want := auth.Credentials{
			AccessToken: "a b=c; é", RefreshToken: "r", TokenType: auth.Raw, HeaderKey: "cookie", ClientID: "other",
			Expiry: time.Date(2031, 5, 6, 7, 8, 9, 123456789, time.UTC), IssuedAt: time.Date(2031, 5, 6, 6, 8, 9, 0, time.UTC),
		}
		if err := s.Store(t.Context(), personKey(), &want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Retrieve(t.Context(), personKey())
		if err != nil || *got != want {
			t.Errorf("%s: %v, got %v", h.goos, err, got)
		}
		// The names are in people's keyrings: a change logs them out.
		if got := f.names(); got != "jetway:flyte.example.com/e806592ca52f5502d0421176c2476552" {
			t.Errorf("%s: items %s", h.goos, got)
		}
	}
}

func TestKeyringKeepsKeysApart(t *testing.T) {
	t.Parallel()
	s, _ := newKeyring(linuxHost())
	k := auth.Key{Endpoint: "flyte.example.com", ClientID: "cli", Flow: "x", User: "ann", Profile: "p"}
	keys := []auth.Key{k, k, k, k, k, k, {}, {Endpoint: strings.Repeat("h", 500)}, {Endpoint: "it's \"odd\""}}
	keys[1].Endpoint, keys[2].ClientID, keys[3].Flow, keys[4].User, keys[5].Profile = "other", "", "y", "bob", ""
	for i, k := range keys {
		if _, err := s.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("%+v: %v", k, err)
		}
		if err := s.Store(t.Context(), k, login(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), keys[0]); err != nil {
		t.Error(err)
	}
	for i, k := range keys {
		got, err := s.Retrieve(t.Context(), k)
		if i == 0 {
			if !errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("the deleted one: %v, %v", got, err)
			}
			continue
		}
		if err != nil || !sameTokens(got, login(fmt.Sprint(i))) {
			t.Errorf("%+v: got %v, %v", k, got, err)
		}
	}
}

func TestKeyringSplitsWhatIsTooLong(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(windowsHost())
	k := personKey()
	// Sizes go up and down, so that leftovers would show.
	for i, size := range []int{100, 2_000, 2_600, 9_000, 30_000, 5_000, 70_000, 10, 6_000} {
		want := long(fmt.Sprint(i), size)
		if err := s.Store(t.Context(), k, want); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, err := s.Retrieve(t.Context(), k)
		if err != nil || !sameTokens(got, want) {
			t.Errorf("%d bytes: %v, got %s", size, err, describeTokens(got))
		}
		parts := 0
		if size > 2_500 {
			parts = size/limitWindows + 1
		}
		if n := len(strings.Fields(f.names())); n < 1+parts || n > 2+parts {
			t.Errorf("%d bytes lie in %d items: %s", size, n, f.names())
		}
	}
	if err := s.Delete(t.Context(), k); err != nil || f.names() != "" {
		t.Errorf("after Delete: %v, %s", err, f.names())
	}
	err := s.Store(t.Context(), k, long("huge", 100_000))
	if !errors.Is(err, ErrKeyringTooBig) || f.names() != "" {
		t.Errorf("a login too big: %v, %s", err, f.names())
	}
}

// Whichever call is the last before the process dies: what is read afterwards is
// the old login or the new one, and the next Delete leaves nothing.
func TestKeyringSurvivesDyingAtAnyCall(t *testing.T) {
	t.Parallel()
	for _, sizes := range [][2]int{{8_000, 20_000}, {20_000, 8_000}, {10, 8_000}, {8_000, 10}, {10, 10}} {
		before, after := long("before", sizes[0]), long("after", sizes[1])
		for deadly := 1; ; deadly++ {
			s, f := newKeyring(windowsHost())
			if err := s.Store(t.Context(), personKey(), before); err != nil {
				t.Fatal(err)
			}
			items := len(strings.Fields(f.names()))
			f.fail(func(n int, _, _, _ string) error {
				if n >= deadly {
					return errors.New("dead")
				}
				return nil
			})
			err := s.Store(t.Context(), personKey(), after)
			calls := f.count()
			f.fail(nil)

			next := keyringOf(f, windowsHost()) // another process
			got, rerr := next.Retrieve(t.Context(), personKey())
			if rerr != nil || !sameTokens(got, before) && !sameTokens(got, after) {
				t.Fatalf("%v, dead at call %d: %v, got %s", sizes, deadly, rerr, describeTokens(got))
			}
			if err == nil && !sameTokens(got, after) {
				t.Fatalf("%v: stored without error, got %s", sizes, describeTokens(got))
			}
			// and one that lives on stores again, over all leftovers
			if deadly%2 == 0 {
				if err := next.Store(t.Context(), personKey(), before); err != nil {
					t.Fatal(err)
				}
				if got, err := next.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(got, before) {
					t.Fatalf("%v, dead at call %d, stored again: %v", sizes, deadly, err)
				}
				if n := len(strings.Fields(f.names())); n != items {
					t.Fatalf("%v, dead at call %d, stored again in %d items, not %d: %s", sizes, deadly, n, items, f.names())
				}
			}
			if err := next.Delete(t.Context(), personKey()); err != nil || f.names() != "" {
				t.Fatalf("%v, dead at call %d: %v, left %s", sizes, deadly, err, f.names())
			}
			if calls < deadly {
				break
			}
		}
	}
}

func TestKeyringItemsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	k := personKey()
	for name, value := range map[string]string{
		"empty": "", "no JSON": "ey.secret.token", "null": "null", "a list": "[]", "later": `{"version":2}`,
		"no version": `{"login":{}}`, "no login": `{"version":1}`, "no set": `{"version":1,"parts":1}`,
		"too many parts": `{"version":1,"set":"a","parts":1000000}`, "both": `{"version":1,"set":"a","parts":1,"login":{}}`,
		"missing parts": `{"version":1,"set":"a","parts":3,"sha256":"x"}`, "negative": `{"version":1,"set":"a","parts":-1}`,
		"another key": `{"version":1,"login":{"version":1,"key":{"endpoint":"evil"},"credentials":{"access_token":"ey.secret.token"}}}`,
		"huge":        strings.Repeat("x", auth.MaxEncoded+1),
	} {
		var logged strings.Builder
		s, f := newKeyring(linuxHost())
		s.Logger = textLogger(&logged)
		f.put(ownService(k), keyHash(k), value)
		for range 2 {
			if c, err := s.Retrieve(t.Context(), k); c != nil || !errors.Is(err, auth.ErrNoCredentials) || strings.Contains(err.Error(), "ey.sec") {
				t.Errorf("%s: %v, %v", name, c, err)
			}
		}
		if n := strings.Count(logged.String(), "level=WARN"); n != 1 || strings.Contains(logged.String(), "ey.sec") {
			t.Errorf("%s: %d warnings: %s", name, n, logged.String())
		}
		if err := s.Store(t.Context(), k, login("new")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c, err := s.Retrieve(t.Context(), k); err != nil || !sameTokens(c, login("new")) {
			t.Errorf("%s: after a login: %v, %v", name, c, err)
		}
	}
}

// Parts of two logins make none.
func TestKeyringNoticesPartsThatDoNotBelongTogether(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(windowsHost())
	if err := s.Store(t.Context(), personKey(), long("x", 8_000)); err != nil {
		t.Fatal(err)
	}
	user := partUser(personKey(), "a", 1)
	f.put(ownService(personKey()), user, strings.ReplaceAll(f.value(ownService(personKey()), user), "x", "y"))
	if c, err := s.Retrieve(t.Context(), personKey()); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %s, %v", describeTokens(c), err)
	}
}

// While one program reads a login in parts, another one replaces it: the reader gets
// the new one.
func TestKeyringReaderGetsAWholeLoginDuringAWrite(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(windowsHost())
	if err := s.Store(t.Context(), personKey(), long("old", 8_000)); err != nil {
		t.Fatal(err)
	}
	f.fail(func(n int, _, _, _ string) error {
		if n != 3 { // it has the item and one part
			return nil
		}
		return keyringOf(f, windowsHost()).Store(t.Context(), personKey(), long("new", 8_000))
	})
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, long("new", 8_000)) {
		t.Errorf("got %s, %v", describeTokens(c), err)
	}
}

func TestKeyringFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		err   error
		panik bool
		want  error
		calls int // two operations make so many
	}{
		{"no service", errors.New("The name org.freedesktop.secrets was not provided by any .service files"), false, ErrKeyringUnavailable, 1},
		{"dead bus", errors.New("dial unix /nowhere: connect: no such file or directory"), false, ErrKeyringUnavailable, 1},
		{"no reply", errors.New("the message bus security policy blocked the reply"), false, ErrKeyringUnavailable, 1},
		{"no tool", &exec.Error{Name: "security", Err: exec.ErrNotFound}, false, ErrKeyringUnavailable, 1},
		{"nonsense from the bus", nil, true, ErrKeyringUnavailable, 1},
		{"locked", errKeyringLockedByDaemon, false, ErrKeyringLocked, 2},
		{"locked item", errors.New("Cannot get secret of a locked object"), false, ErrKeyringLocked, 2},
	} {
		s, f := newKeyring(linuxHost())
		f.fail(func(int, string, string, string) error {
			if c.panik {
				panic("interface conversion")
			}
			return c.err
		})
		_, err := s.Retrieve(t.Context(), personKey())
		serr := s.Store(t.Context(), personKey(), login("secret"))
		for _, err := range []error{err, serr} {
			var e *auth.Error
			if !errors.Is(err, c.want) || errors.Is(err, auth.ErrNoCredentials) || !errors.As(err, &e) || auth.Code(err) != codes.Unavailable {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if n := f.count(); n != c.calls {
			t.Errorf("%s: %d calls, want %d", c.name, n, c.calls)
		}
	}
}

func TestKeyringErrorsRepeatNoSecret(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(linuxHost())
	f.fail(func(_ int, op, _, _ string) error {
		if op == "set" {
			return errors.New("bad value: access-secret")
		}
		return nil
	})
	if err := s.Store(t.Context(), personKey(), login("secret")); err == nil || strings.Contains(err.Error(), "access-secret") {
		t.Errorf("got %v", err)
	}
}

// A keyring that asks a person and never hears back costs three seconds, once.
func TestKeyringThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, f := newKeyring(linuxHost())
		release := make(chan struct{})
		defer close(release)
		f.fail(func(int, string, string, string) error { <-release; return errors.New("too late") })

		start := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := s.Retrieve(t.Context(), personKey()); !errors.Is(err, ErrKeyringTimeout) {
					t.Errorf("got %v", err)
				}
				if err := s.Store(t.Context(), personKey(), login("x")); !errors.Is(err, ErrKeyringTimeout) || auth.Code(err) != codes.Unavailable {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != keyringDeadline || f.count() != 1 {
			t.Errorf("20 operations took %v and %d calls, want %v and 1", took, f.count(), keyringDeadline)
		}
	})
}

// One that answers, but slowly, has three seconds for the whole operation.
func TestKeyringThatIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, f := newKeyring(windowsHost())
		f.fail(func(int, string, string, string) error { time.Sleep(time.Second); return nil })
		start := time.Now()
		if err := s.Store(t.Context(), personKey(), long("x", 30_000)); !errors.Is(err, ErrKeyringTimeout) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != keyringDeadline {
			t.Errorf("took %v", took)
		}
		time.Sleep(time.Second)
	})
}

func TestKeyringCallersLeaveOnTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, f := newKeyring(linuxHost())
		f.fail(func(int, string, string, string) error { time.Sleep(500 * time.Millisecond); return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := s.Store(ctx, personKey(), login("x")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		// The write is finished all the same, and the keyring counts as good.
		if c, err := s.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, login("x")) {
			t.Errorf("got %v, %v", c, err)
		}
	})
}

func TestKeyringIsCalledOneAtATime(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(linuxHost())
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			k := auth.Key{Endpoint: fmt.Sprint("host", i%3), Flow: "x"}
			for range 20 {
				if err := s.Store(t.Context(), k, login("x")); err != nil {
					t.Error(err)
				}
				if _, err := s.Retrieve(t.Context(), k); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if f.most != 1 {
		t.Errorf("%d calls at a time", f.most)
	}
}

// Without a session bus the library would start one: it must not even be called.
func TestKeyringIsNotTouchedWithoutABus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		goos  string
		env   map[string]string
		files string
		want  bool
	}{
		{"nothing", "linux", nil, "", false},
		{"address", "linux", map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, "", true},
		{"a wish to launch one", "linux", map[string]string{"DBUS_SESSION_BUS_ADDRESS": "autolaunch:"}, "", false},
		{"session without bus", "linux", map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}, "", false},
		{"session with bus", "linux", map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}, "/run/user/7/bus", true},
		{"bus where the library does not look", "linux", map[string]string{"XDG_RUNTIME_DIR": "/tmp/x"}, "/tmp/x/bus", false},
		{"another user's session", "linux", nil, "/run/user/7/bus", false},
		{"bsd", "freebsd", nil, "", false},
		{"mac", "darwin", nil, "", true},
		{"windows", "windows", nil, "", true},
	} {
		h := &keyringHost{
			goos: c.goos, uid: 7,
			getenv: func(name string) string { return c.env[name] },
			exists: func(path string) bool { return path == c.files },
		}
		s, f := newKeyring(h)
		_, rerr := s.Retrieve(t.Context(), personKey())
		serr := s.Store(t.Context(), personKey(), login("x"))
		derr := s.Delete(t.Context(), personKey())
		if called := f.count() > 0; called != c.want {
			t.Errorf("%s: called %v, want %v", c.name, called, c.want)
		}
		for _, err := range []error{rerr, serr, derr} {
			if !c.want && !errors.Is(err, ErrKeyringUnavailable) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}
