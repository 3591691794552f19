package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jetway-go/jetway/auth"
)

func testKey(id string, fill byte) SealKey {
	return SealKey{ID: id, Secret: bytes.Repeat([]byte{fill}, 32)}
}

var (
	personKey = auth.Key{Endpoint: "flyte.example.com", ClientID: "cli", Flow: auth.StoredFlow, User: "ann"}
	person    = &auth.Credentials{
		AccessToken: "access-canary-71c2", RefreshToken: "refresh-canary-5e0f", ClientID: "cli",
		Expiry: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC),
	}
)

// without a client a Store seals and opens.
func sealing(keys ...SealKey) *Store { return New(nil, FixedKeys(keys...)) }

func sealed(t *testing.T, s *Store, p place) *record {
	t.Helper()
	r, err := s.seal(t.Context(), p, &record{kind: isLogin, version: version{gen: 7, rev: 3}, fence: 9}, person)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestASealedLoginOpensAsItWas(t *testing.T) {
	t.Parallel()
	s := sealing(testKey("k1", 1))
	p := s.place(personKey)
	r := sealed(t, s, p)
	e, err := s.open(t.Context(), p.group, p.field, r.raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(person, e.login, cmpopts.IgnoreUnexported(auth.Credentials{})); diff != "" || e.key != personKey {
		t.Errorf("%+v %s", e.key, diff)
	}
	if e.gen != 7 || e.rev != 3 || e.fence != 9 || e.kind != isLogin || e.stamp() != r.stamp() {
		t.Errorf("header: %+v", e.record.version)
	}
	if bytes.Contains(r.raw, []byte("canary")) || bytes.Contains(r.raw, []byte("flyte")) || bytes.Contains(r.raw, []byte("ann")) {
		t.Errorf("readable: %q", r.raw)
	}
	if again := sealed(t, s, p); again.stamp() == r.stamp() {
		t.Error("two records have one stamp")
	}
}

func TestASealedLoginOpensInItsPlaceOnly(t *testing.T) {
	t.Parallel()
	s := sealing(testKey("k1", 1))
	p := s.place(personKey)
	raw := sealed(t, s, p).raw
	other := personKey
	other.User = "bob"
	client := personKey
	client.ClientID = "other"
	prefix := New(nil, s.keys.source, WithPrefix("other:")).place(personKey)
	for name, at := range map[string]place{"user": s.place(other), "client": s.place(client), "prefix": prefix} {
		if e, err := s.open(t.Context(), at.group, at.field, raw); e != nil || !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
}

func TestNoByteOfARecordCanBeChanged(t *testing.T) {
	t.Parallel()
	s := sealing(testKey("k1", 1))
	p := s.place(personKey)
	raw := sealed(t, s, p).raw
	for i := range raw {
		for _, flip := range []byte{1, 0x80} {
			changed := bytes.Clone(raw)
			changed[i] ^= flip
			if e, err := s.open(t.Context(), p.group, p.field, changed); e != nil || !errors.Is(err, ErrUnreadable) {
				t.Fatalf("byte %d: %v, %v", i, e, err)
			}
		}
		if e, err := s.open(t.Context(), p.group, p.field, raw[:i]); i > 0 && (e != nil || !errors.Is(err, ErrUnreadable)) {
			t.Fatalf("%d bytes: %v, %v", i, e, err)
		}
	}
}

func TestTheFirstKeySealsAndAllOpen(t *testing.T) {
	t.Parallel()
	older, newer := sealing(testKey("old", 1)), sealing(testKey("new", 2), testKey("old", 1))
	p := older.place(personKey)
	before := sealed(t, older, p)
	if _, err := newer.open(t.Context(), p.group, p.field, before.raw); err != nil {
		t.Error(err)
	}
	after := sealed(t, newer, p)
	if before.keyID != "old" || after.keyID != "new" {
		t.Errorf("sealed with %s, %s", before.keyID, after.keyID)
	}
	_, err := older.open(t.Context(), p.group, p.field, after.raw)
	if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), `"new"`) || errors.Is(err, auth.ErrNoCredentials) {
		t.Error(err)
	}
}

func TestAKeyThatIsAddedIsReadWhenAValueNeedsIt(t *testing.T) {
	t.Parallel()
	keys := []SealKey{testKey("old", 1)}
	s := New(nil, func(context.Context) ([]SealKey, error) { return keys, nil })
	p := s.place(personKey)
	_ = sealed(t, s, p)
	keys = []SealKey{testKey("old", 1), testKey("new", 2)}
	s.keys.read = s.keys.read.Add(-2 * keysPause)
	raw := sealed(t, sealing(testKey("new", 2)), p).raw
	if _, err := s.open(t.Context(), p.group, p.field, raw); err != nil {
		t.Error(err)
	}
}

func TestKeysAreReadFromFilesAndVariables(t *testing.T) {
	const text = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("# comment\n\nnew: "+text+"\nold:"+text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JETWAY_TEST_KEYS", "new:"+text+" old:"+text)
	for name, keys := range map[string]Keys{"file": KeysFromFile(path), "variable": KeysFromEnv("JETWAY_TEST_KEYS")} {
		got, err := keys(t.Context())
		if err != nil || len(got) != 2 || got[0].ID != "new" || !bytes.Equal(got[1].Secret, testKey("", 1).Secret) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// No error about keys quotes them.
func TestKeysThatCannotBeUsedAreSettingsToCorrect(t *testing.T) {
	const secret = "c2VjcmV0LWNhbmFyeS1rZXk="
	t.Setenv("JETWAY_TEST_KEYS", "k:"+secret)
	t.Setenv("JETWAY_TEST_BROKEN", "k:%"+secret)
	t.Setenv("JETWAY_TEST_NOID", secret+secret)
	for name, keys := range map[string]Keys{
		"none": nil, "empty": FixedKeys(), "no ID": FixedKeys(testKey("", 1)), "odd ID": FixedKeys(testKey("a b", 1)),
		"long ID": FixedKeys(testKey(strings.Repeat("a", 33), 1)), "twice": FixedKeys(testKey("k", 1), testKey("k", 2)),
		"short": KeysFromEnv("JETWAY_TEST_KEYS"), "no base64": KeysFromEnv("JETWAY_TEST_BROKEN"), "no colon": KeysFromEnv("JETWAY_TEST_NOID"),
		"unset": KeysFromEnv("JETWAY_TEST_UNSET"), "no file": KeysFromFile(filepath.Join(t.TempDir(), "none")),
	} {
		_, err := New(nil, keys).seal(t.Context(), place{key: personKey}, &record{kind: isLogin}, person)
		if !errors.Is(err, auth.ErrMisconfigured) || strings.Contains(err.Error(), "c2Vj") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPrintingShowsNoKey(t *testing.T) {
	t.Parallel()
	k := SealKey{ID: "k1", Secret: []byte("canary-canary-canary-canary-0123")}
	s := New(nil, FixedKeys(k))
	_ = sealed(t, s, s.place(personKey))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, value := range []any{k, &k, []SealKey{k}, s} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, "canary") || strings.Contains(text, "63616e617279") || strings.Contains(text, "99 97 110 97 114 121") {
				t.Errorf("%s: %s", verb, text)
			}
		}
	}
}

func TestNamesInRedisShowNothingOfAKey(t *testing.T) {
	t.Parallel()
	s := sealing(testKey("k1", 1))
	seen := map[string]auth.Key{}
	for _, k := range []auth.Key{
		personKey, {}, {Endpoint: "ab", User: "c"}, {Endpoint: "a", User: "bc"}, {ClientID: "a"}, {Audience: "a"}, {Flow: "a"}, {Profile: "a"},
	} {
		p := s.place(k)
		if other, twice := seen[p.group+p.field]; twice {
			t.Errorf("%+v and %+v share a place", k, other)
		}
		seen[p.group+p.field] = k
		if strings.Contains(p.group+p.field, "flyte") || strings.Contains(p.group+p.field, "ann") {
			t.Errorf("readable: %s %s", p.group, p.field)
		}
		if i, j := strings.Index(p.lease, "{"), strings.Index(p.lease, "}"); p.lease[i:j+1] != p.group[i:] {
			t.Errorf("slots: %s, %s", p.group, p.lease)
		}
	}
}

// Whatever Redis returns, opening it is an error or a login, and never more than that.
func FuzzOpen(f *testing.F) {
	s := sealing(testKey("k1", 1))
	p := s.place(personKey)
	for _, k := range []kind{isLogin, isLogout, isDiscarded} {
		r, err := s.seal(f.Context(), p, &record{kind: k, version: version{gen: 1}}, person)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.raw)
	}
	f.Add([]byte{})
	f.Add([]byte{recordFormat, byte(isLogin)})
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := s.open(t.Context(), p.group, p.field, raw)
		if err == nil && e != nil && e.key != personKey {
			t.Errorf("another key: %+v", e.key)
		}
		if err != nil && (!errors.Is(err, ErrUnreadable) || len(err.Error()) > 300) {
			t.Error(err)
		}
		if r, err := parseRecord(raw); err == nil && len(r.stamp()) > len(raw) {
			t.Error("a stamp that is longer than the record")
		}
	})
}

// A login that a later version has written is there: a program that took it for lost would send
// a refresh token that was used.
func TestALoginOfALaterVersionIsNotTakenForLost(t *testing.T) {
	t.Parallel()
	s := sealing(testKey("k", 1))
	p := s.place(personKey)
	id, aead, err := s.keys.sealing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	header, nonce := (&record{kind: isLogin, keyID: id}).header(), make([]byte, nonceSize)
	raw := append(append([]byte(nil), header...), nonce...)
	raw = aead.Seal(raw, nonce, []byte(`{"version":99}`), bound(p.group, p.field, header))
	e, err := s.open(t.Context(), p.group, p.field, raw)
	if err != nil || !errors.Is(e.later, ErrUnreadable) || !errors.Is(e.later, auth.ErrNewerVersion) || errors.Is(e.later, auth.ErrNoCredentials) {
		t.Errorf("%v, %v", e, err)
	}
}
