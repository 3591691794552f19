package tokenstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

func madeFor(client, audience string, age time.Duration) (auth.Key, *auth.Credentials) {
	k := personKey()
	k.ClientID, k.Audience = client, audience
	c := login(client + audience)
	c.ClientID, c.Audience, c.PurposeKnown, c.IssuedAt = client, audience, true, time.Now().Add(-age)
	return k, c
}

// Every store finds the newest login that a key matches, says so in the log if there were
// several, and finds it under the name that it has.
func TestStoresFindTheNewestLoginThatMatches(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(log *strings.Builder) auth.Store{
		"memory": func(*strings.Builder) auth.Store { return &MemoryStore{} },
		"file":   func(log *strings.Builder) auth.Store { return &FileStore{Dir: t.TempDir(), Logger: textLogger(log)} },
		"keyring": func(log *strings.Builder) auth.Store {
			s, _ := newKeyring(linuxHost())
			s.Logger = textLogger(log)
			return s
		},
		"small keyring": func(log *strings.Builder) auth.Store {
			s, _ := newKeyring(windowsHost())
			s.Logger = textLogger(log)
			return s
		},
		"tools": func(log *strings.Builder) auth.Store {
			s, _ := newFlyteTools(linuxHost())
			s.Mirror, s.Keyring.Logger = true, textLogger(log)
			return s
		},
		"fallback": func(log *strings.Builder) auth.Store {
			s, _ := newKeyring(linuxHost())
			s.Logger = textLogger(log)
			return &FallbackStore{Stores: []auth.Store{s, &MemoryStore{}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			s := open(&log)
			for age, p := range [][2]string{{"b", "y"}, {"b", "x"}, {"a", "x"}, {"", ""}} {
				k, c := madeFor(p[0], p[1], time.Duration(age)*time.Hour)
				if err := s.Store(t.Context(), k, c); err != nil {
					t.Fatal(err)
				}
			}
			for asked, want := range map[[2]string]string{
				{"", ""}: "by", {"a", ""}: "ax", {"b", ""}: "by", {"b", "x"}: "bx", {"", "x"}: "bx", {"c", ""}: "", {"a", "y"}: "none", {"", "z"}: "none",
			} {
				k, _ := madeFor(asked[0], asked[1], 0)
				stored, c, err := auth.Find(t.Context(), s, k)
				if want == "none" {
					if !errors.Is(err, auth.ErrNoCredentials) {
						t.Errorf("%v found %v, %v", asked, describeTokens(c), err)
					}
					continue
				}
				if err != nil || c.AccessToken != "access-"+want {
					t.Errorf("%v found %s, %v; want %s", asked, describeTokens(c), err, want)
				}
				if again, err := s.Retrieve(t.Context(), stored); err != nil || !sameTokens(c, again) {
					t.Errorf("%v: it is not under %+v: %v", asked, stored, err)
				}
			}
			if told := strings.Contains(log.String(), "several stored logins match"); told != (name != "memory") {
				t.Errorf("told: %v: %s", told, log.String())
			}
			if err := s.Delete(t.Context(), personKey()); err != nil {
				t.Fatal(err)
			}
			k, c := madeFor("b", "y", 0)
			if got, err := s.Retrieve(t.Context(), k); err != nil || !sameTokens(got, c) {
				t.Errorf("deleting another key's took it along: %v, %v", describeTokens(got), err)
			}
		})
	}
}

// The names of logins that were stored before there was an audience stay as they are.
func TestNamesOfLoginsWithoutAudienceStay(t *testing.T) {
	t.Parallel()
	k := auth.Key{Endpoint: "flyte.example.com", ClientID: "cli", Flow: "stored", User: "ann", Profile: "p"}
	if got := keyHash(k); got != "584a84e09e6c04d31fdc8fb8590608c0" {
		t.Errorf("got %s", got)
	}
	other := k
	other.Audience = "x"
	if keyHash(other) == keyHash(k) {
		t.Error("the audience is no part of the name")
	}
}

// Where the keyring has one login, finding it costs one read more.
func TestKeyringReadsTheIndexOnceToFindALogin(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(linuxHost())
	if err := s.Store(t.Context(), personKey(), login("x")); err != nil {
		t.Fatal(err)
	}
	before := f.count()
	if _, _, err := auth.Find(t.Context(), s, personKey()); err != nil || f.count()-before != 2 {
		t.Errorf("%d calls, %v", f.count()-before, err)
	}
	// Logins that are deleted leave no index.
	k, c := madeFor("a", "x", 0)
	if err := errors.Join(s.Store(t.Context(), k, c), s.Delete(t.Context(), k), s.Delete(t.Context(), personKey())); err != nil || f.names() != "" {
		t.Errorf("%v, left %s", err, f.names())
	}
}

// A damaged index costs no login that is found by its own key.
func TestKeyringSurvivesADamagedIndex(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(linuxHost())
	k, c := madeFor("a", "x", 0)
	if err := s.Store(t.Context(), k, c); err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{"", "{", `{"version":2}`, `{"version":1,"logins":7}`} {
		if err := f.Set(ownService(k), indexUser(k), damage); err != nil {
			t.Fatal(err)
		}
		if _, got, err := auth.Find(t.Context(), s, k); err != nil || !sameTokens(got, c) {
			t.Errorf("%q: %v, %v", damage, got, err)
		}
	}
	if err := s.Store(t.Context(), k, c); err != nil {
		t.Fatal(err)
	}
	if _, got, err := auth.Find(t.Context(), s, personKey()); err != nil || !sameTokens(got, c) {
		t.Errorf("the next Store did not mend it: %v, %v", got, err)
	}
}

// A tool's item that holds a login which was made here is for what that was made for.
func TestMirroredLoginIsNoImportForAnotherClient(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	s.Mirror = true
	k, c := madeFor("a", "", 0)
	if err := s.Store(t.Context(), k, c); err != nil || f.value(host, "tokens") == "" {
		t.Fatal(err)
	}
	other, _ := madeFor("b", "", 0)
	if _, got, err := auth.Find(t.Context(), s, other); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("found %v, %v", got, err)
	}
	if err := s.Delete(t.Context(), other); err != nil || f.value(host, "tokens") == "" {
		t.Errorf("the other client's logout deleted it: %v", err)
	}
	// One that a tool made itself serves all.
	if err := s.Delete(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	f.put(host, "tokens", `{"access_token":"theirs"}`)
	for _, k := range []auth.Key{k, other, personKey()} {
		if _, got, err := auth.Find(t.Context(), s, k); err != nil || got.AccessToken != "theirs" {
			t.Errorf("%+v: %v, %v", k, got, err)
		}
	}
}

// Programs that may find the same login exclude each other.
func TestKeysThatMayFindOneLoginShareOneLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, _ := madeFor("a", "x", 0)
	for _, s := range []auth.Locker{&MemoryStore{}, &FileStore{LockDir: dir}, &KeyringStore{LockDir: dir}} {
		held, err := s.Lock(context.WithoutCancel(t.Context()), a)
		if err != nil {
			t.Fatal(err)
		}
		mustBeLocked(t, s.(auth.Store), personKey())
		held.Unlock()
	}
}
