package tokenstore

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// program is one program on a machine: many stores of its own making, one keyring.
type program struct {
	stores []auth.Store
	fake   *fakeKeyring
	system *systemKeyring
	logs   []*strings.Builder
}

// newProgram opens n client sets, so to speak: each has the default store of a
// person's login, and a log.
func newProgram(t *testing.T, n int) *program {
	t.Helper()
	p := &program{fake: &fakeKeyring{}}
	p.system = &systemKeyring{items: p.fake, host: linuxHost()}
	dir := t.TempDir()
	for range n {
		log := &strings.Builder{}
		p.logs = append(p.logs, log)
		p.stores = append(p.stores, compose(auth.Traits{Interactive: true, FileStorable: true, Name: auth.StoredFlow}, Config{
			Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks"), Logger: textLogger(log),
		}, p.system))
	}
	return p
}

func (p *program) logged(what string) int {
	n := 0
	for _, log := range p.logs {
		n += strings.Count(log.String(), what)
	}
	return n
}

// hang makes the keyring silent until the returned function is called.
func (p *program) hang() (release func()) {
	silent := make(chan struct{})
	p.fake.fail(func(int, string, string, string) error { <-silent; return nil })
	return func() {
		p.fake.fail(nil)
		close(silent)
	}
}

// Whatever comes first, and with items of other tools to write as well.
func TestTenClientSetsWaitOnceForAKeyringThatHangs(t *testing.T) {
	t.Parallel()
	for _, mirror := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { tenAtAKeyringThatHangs(t, mirror) })
	}
}

func tenAtAKeyringThatHangs(t *testing.T, mirror bool) {
	t.Helper()
	p := newProgram(t, 10)
	for _, s := range p.stores {
		s.(*FallbackStore).Stores[0].(*FlyteTools).Mirror = mirror
	}
	defer p.hang()()
	start := time.Now()
	var wg sync.WaitGroup
	for i, s := range p.stores {
		k := auth.Key{Endpoint: fmt.Sprintf("flyte%d.example.com", i), Flow: auth.StoredFlow}
		wg.Go(func() {
			if !mirror { // its Store is the first to meet the keyring
				if _, err := s.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
					t.Errorf("got %v", err)
				}
			}
			if err := s.Store(t.Context(), k, login("x")); err != nil {
				t.Error(err)
			}
			if c, err := s.Retrieve(t.Context(), k); err != nil || !sameTokens(c, login("x")) {
				t.Errorf("got %v, %v", c, err)
			}
		})
	}
	wg.Wait()
	if took, calls := time.Since(start), p.fake.count(); took != keyringDeadline || calls != 1 {
		t.Errorf("took %v and %d calls, want %v and 1", took, calls, keyringDeadline)
	}
	if warned, rest := p.logged("level=WARN"), p.logged("level=DEBUG"); warned != 1 || rest != 9 {
		t.Errorf("%d warnings and %d lines of debugging in all logs, want 1 and 9", warned, rest)
	}
}

// The one warning is not spent on a log that does not show it.
func TestALogWithoutWarningsTakesNone(t *testing.T) {
	t.Parallel()
	p := newProgram(t, 2)
	p.fake.fail(func(int, string, string, string) error { return errors.New("no such service") })
	p.stores[0].(*FallbackStore).Logger = slog.New(slog.NewTextHandler(p.logs[0], &slog.HandlerOptions{Level: slog.LevelError}))
	for _, s := range p.stores {
		if _, err := s.Retrieve(t.Context(), personKey()); !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("got %v", err)
		}
	}
	if n := strings.Count(p.logs[1].String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
}

// A long-running program finds a login in a keyring that has recovered, whatever
// was wrong with it.
func TestKeyringIsAskedAgainAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(p *program) (end func()){
		"hangs":          (*program).hang,
		"is unavailable": func(p *program) func() { return p.answer(errors.New("no such service")) },
		"is locked":      func(p *program) func() { return p.answer(errKeyringLockedByDaemon) },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newProgram(t, 2)
			k := personKey()
			p.store(t, k, "before")
			end := trouble(p)
			for i, s := range p.stores {
				if _, err := s.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
					t.Errorf("%s: store %d: %v", name, i, err)
				}
			}
			end()
			failed := time.Now()
			for time.Since(failed) < keyringPause-keyringDeadline {
				if _, err := p.stores[0].Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) || p.fake.count() != 0 {
					t.Fatalf("%s: after %v: %v, %d calls", name, time.Since(failed), err, p.fake.count())
				}
				time.Sleep(time.Second)
			}
			time.Sleep(keyringDeadline)
			for i, s := range p.stores {
				if c, err := s.Retrieve(t.Context(), k); err != nil || !sameTokens(c, login("before")) {
					t.Errorf("%s: store %d: got %v, %v", name, i, c, err)
				}
			}
			// When it fails again later, that is news.
			before := p.logged("level=WARN")
			end = trouble(p)
			for range 2 {
				if _, err := p.stores[0].Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
					t.Errorf("%s: %v", name, err)
				}
			}
			end()
			if n := p.logged("level=WARN") - before; n != 1 {
				t.Errorf("%s: it failed again: %d warnings, want 1", name, n)
			}
		})
	}
}

// answer makes the keyring answer with err until the returned function is called.
func (p *program) answer(err error) (end func()) {
	p.fake.fail(func(int, string, string, string) error { return err })
	return func() { p.fake.fail(nil) }
}

func (p *program) store(t *testing.T, k auth.Key, name string) {
	t.Helper()
	if err := (&KeyringStore{system: p.system}).Store(t.Context(), k, login(name)); err != nil {
		t.Fatal(err)
	}
}

// A keyring that stays silent gets one call in five minutes, and one warning in all.
// Each of its calls may be a window on the screen, so there are three at most.
func TestKeyringThatStaysSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProgram(t, 3)
		release := p.hang()
		ask := func(round int) {
			for _, s := range p.stores[:min(round+1, len(p.stores))] { // some are opened later
				if _, err := s.Retrieve(t.Context(), personKey()); !errors.Is(err, auth.ErrNoCredentials) {
					t.Errorf("got %v", err)
				}
			}
		}
		for round := range 6 {
			ask(round)
			if n := p.fake.count(); n != min(round+1, maxHanging) {
				t.Errorf("round %d: %d calls", round, n)
			}
			time.Sleep(keyringPause)
		}
		if n := p.logged("level=WARN"); n != 1 {
			t.Errorf("%d warnings, want 1", n)
		}
		release()
		synctest.Wait()
		if ask(0); p.fake.count() == 0 {
			t.Error("it was not asked again after its calls had returned")
		}
	})
}

// Without a session bus there will be none in the life of the program.
func TestKeyringWithoutABusIsLeftAloneForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProgram(t, 1)
		bus := p.system.host.getenv
		p.system.host.getenv = func(string) string { return "" }
		for range 2 {
			if _, err := (&KeyringStore{system: p.system}).Retrieve(t.Context(), personKey()); !errors.Is(err, ErrKeyringUnavailable) {
				t.Errorf("got %v", err)
			}
			p.system.host.getenv = bus
			time.Sleep(24 * time.Hour)
		}
		if n := p.fake.count(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}
