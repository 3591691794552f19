package tokenstore

import (
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// ended is a login whose refresh token was rejected, as the Authenticator stores it.
func ended() *auth.Credentials {
	return &auth.Credentials{AccessToken: "old", Ended: "invalid_grant"}
}

// A login that Flyte's own tools made after ours ended is found, and ours is still there
// to say why it ended where they made none.
func TestLoginThatEndedHidesNoLoginOfATool(t *testing.T) {
	t.Parallel()
	keyring, f := newKeyring(linuxHost())
	s := &FlyteTools{Keyring: keyring, Mirror: true}
	if err := s.Store(t.Context(), personKey(), ended()); err != nil {
		t.Fatal(err)
	}
	if n := f.names(); strings.Contains(n, "tokens") {
		t.Errorf("a tool is given a login that has ended: %s", n)
	}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || c.Ended != "invalid_grant" {
		t.Errorf("%v, %v; want the login that ended", c, err)
	}
	f.put("flyte.example.com", "tokens", `{"access_token": "theirs", "refresh_token": "r"}`)
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || c.AccessToken != "theirs" {
		t.Errorf("%v, %v; want the login of the tool", c, err)
	}
}

func TestLoginThatEndedHidesNoLoginOfAnotherStore(t *testing.T) {
	t.Parallel()
	first, second := &FileStore{Dir: t.TempDir()}, &FileStore{Dir: t.TempDir()}
	s := &FallbackStore{Stores: []auth.Store{first, second}}
	if err := second.Store(t.Context(), personKey(), ended()); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || c.Ended == "" {
		t.Errorf("%v, %v; want the login that ended", c, err)
	}
	if err := first.Store(t.Context(), personKey(), login("new")); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, login("new")) {
		t.Errorf("%v, %v; want the other login", c, err)
	}
}
