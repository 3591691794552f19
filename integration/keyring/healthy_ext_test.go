package keyring_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

const endpoint = "flyte.example.com"

var (
	person  = auth.Key{Endpoint: endpoint, Flow: auth.StoredFlow}
	machine = auth.Key{Endpoint: endpoint, Flow: "client_credentials/robot"}
)

func login(name string) *auth.Credentials {
	return &auth.Credentials{
		AccessToken: "access-" + name, RefreshToken: "refresh-" + name, ClientID: "jetway",
		Expiry: time.Now().Add(time.Hour).Truncate(time.Second), IssuedAt: time.Now().Truncate(time.Second),
	}
}

// mustHold fails unless s has that login under k.
func mustHold(t *testing.T, s auth.Store, k auth.Key, want *auth.Credentials) {
	t.Helper()
	got, err := s.Retrieve(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessToken != want.AccessToken || got.RefreshToken != want.RefreshToken || got.ClientID != want.ClientID || !got.Expiry.Equal(want.Expiry) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func mustStore(t *testing.T, s auth.Store, k auth.Key, c *auth.Credentials) {
	t.Helper()
	if err := s.Store(t.Context(), k, c); err != nil {
		t.Fatal(err)
	}
}

func mustLack(t *testing.T, s auth.Store, k auth.Key) {
	t.Helper()
	if c, err := s.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("%v, %v; want nothing", c, err)
	}
}

// Logins are kept, found by another store, replaced and forgotten, large ones too.
func TestUnlockedKeyring(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	s := &tokenstore.KeyringStore{}
	mustLack(t, s, person)
	for i, k := range []auth.Key{person, machine, {Endpoint: endpoint, Flow: auth.StoredFlow, User: "bob"}} {
		c := login(fmt.Sprint(i))
		mustStore(t, s, k, c)
		mustHold(t, &tokenstore.KeyringStore{}, k, c)
	}
	big := login("big")
	big.AccessToken += strings.Repeat("0123456789abcdef", 1<<10) // 16 kB
	for _, c := range []*auth.Credentials{big, login("small"), big} {
		mustStore(t, s, person, c)
		mustHold(t, &tokenstore.KeyringStore{}, person, c)
	}
	if err := s.Delete(t.Context(), person); err != nil {
		t.Error(err)
	}
	mustLack(t, s, person)
	if got, err := s.Retrieve(t.Context(), machine); err != nil || got.AccessToken != "access-1" {
		t.Errorf("another login went as well: %v, %v", got, err)
	}
	if err := s.Delete(t.Context(), person); err != nil {
		t.Errorf("nothing to delete: %v", err)
	}
}
