package tokenstore

import (
	"errors"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// KeyringStore by itself only stores: what other tools keep is none of its business.
func TestKeyringStoreLeavesFlytesToolsAlone(t *testing.T) {
	t.Parallel()
	s, f := newKeyring(linuxHost())
	k := personKey()
	const theirs = `{"access_token":"theirs","refresh_token":"refresh-x"}`
	f.put(host, "tokens", theirs)
	if c, err := s.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %v, %v", c, err)
	}
	if err := errors.Join(s.Store(t.Context(), k, login("x")), s.Discard(t.Context(), k, login("x"))); err != nil || f.names() != host+"/tokens" {
		t.Errorf("%v, left %s", err, f.names())
	}
	if err := errors.Join(s.Store(t.Context(), k, login("x")), s.Delete(t.Context(), k)); err != nil || f.value(host, "tokens") != theirs {
		t.Errorf("%v, theirs is %s", err, f.value(host, "tokens"))
	}
}

// What programs have stored so far is in people's keyrings, shared logins too: it
// says so in the same words for ever, or a renewal leaves the tool with a dead token.
func TestFlyteToolsReadsWhatWasStoredBefore(t *testing.T) {
	t.Parallel()
	const stored = `{"version":1,"shared":"flyte-sdk","login":{"version":1,` +
		`"key":{"endpoint":"flyte.example.com","client_id":"","flow":"stored","user":"","profile":""},` +
		`"credentials":{"access_token":"access-1","refresh_token":"refresh-1","client_id":"cli"}}}`
	s, f := newFlyteTools(linuxHost())
	f.put(ownService(personKey()), keyHash(personKey()), stored)
	f.put(host, "tokens", `{"access_token":"access-2","refresh_token":"refresh-2"}`)
	c, err := s.Retrieve(t.Context(), personKey())
	if err != nil || !sameTokens(c, login("2")) || c.ClientID != "cli" {
		t.Errorf("got %v, %v", c, err)
	}
	if err := s.Store(t.Context(), personKey(), login("3")); err != nil || !strings.Contains(f.value(host, "tokens"), "refresh-3") {
		t.Errorf("%v, flyte-sdk finds %s", err, f.value(host, "tokens"))
	}
	if v := f.value(ownService(personKey()), keyHash(personKey())); !strings.HasPrefix(v, `{"version":1,"shared":"flyte-sdk","login":`) {
		t.Errorf("stored is %s", v)
	}
}

// Without a keyring of its own FlyteTools is that of this machine.
func TestFlyteToolsNeedsNoKeyringStore(t *testing.T) {
	t.Parallel()
	f := &FlyteTools{}
	if first, then := f.keyring(), f.keyring(); first != then || f.system() != theKeyring {
		t.Error("another keyring, or another for every operation")
	}
}

// All that an Authenticator can do with a KeyringStore it can do with one in FlyteTools.
func TestFlyteToolsForwardsEveryPower(t *testing.T) {
	t.Parallel()
	inner := &KeyringStore{LockDir: t.TempDir()}
	var outer auth.Store = &FlyteTools{Keyring: inner}
	type powers interface {
		auth.Locker
		auth.Discarder
		auth.Persister
		auth.Locator
	}
	p, ok := outer.(powers)
	if !ok {
		t.Fatal("a power is missing")
	}
	if p.Persistent() != inner.Persistent() || p.Location(personKey()) != inner.Location(personKey()) {
		t.Errorf("persistent %v, at %q", p.Persistent(), p.Location(personKey()))
	}
	held, err := p.Lock(t.Context(), personKey())
	if err != nil {
		t.Fatal(err)
	}
	mustBeLocked(t, inner, personKey())
	held.Unlock()
}
