package tokenstore

import (
	"errors"
	"slices"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// at returns the items of that name, tokens included.
func (f *fakeKeyring) at(service, user string) []fakeItem {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.items), func(i fakeItem) bool { return i.service != service || i.user != user })
}

// A login of flyte-sdk-go, whose items bear no mark, is renewed in place: there are as many
// items as before, with the attributes that they had.
func TestRenewedImportKeepsItsItemsAndTheirAttributes(t *testing.T) {
	t.Parallel()
	for name, mark := range map[string]string{"flyte-sdk-go": "", "flytekit": pythonKeyring} {
		s, f := newFlyteTools(linuxHost())
		f.items = []fakeItem{{host, "access_token", "access-0", mark}, {host, "refresh_token", "refresh-0", mark}}
		for _, next := range []string{"1", "2"} {
			if _, err := s.Retrieve(t.Context(), personKey()); err != nil {
				t.Fatal(err)
			}
			if err := s.Store(t.Context(), personKey(), login(next)); err != nil {
				t.Fatal(err)
			}
			for _, user := range []string{"access_token", "refresh_token"} {
				want := fakeItem{host, user, user[:len(user)-len("_token")] + "-" + next, mark}
				if got := f.at(host, user); len(got) != 1 || got[0] != want {
					t.Errorf("%s: %d items, want one as it was made", name, len(got))
				}
			}
		}
	}
}

// Of two items of one name the one that holds the superseded token is replaced, and further
// ones with it are deleted. One that holds another token is another login, and stays.
func TestAnotherItemOfTheNameGoesOnlyWithTheSupersededToken(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	const theirs = `{"access_token":"theirs","refresh_token":"rx"}`
	old := `{"access_token":"access-0","refresh_token":"refresh-0"}`
	f.items = []fakeItem{{host, "tokens", old, ""}, {host, "tokens", theirs, "other"}, {host, "tokens", old, pythonKeyring}}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || c.AccessToken != "access-0" {
		t.Fatalf("%v, %v", c, err)
	}
	if err := s.Store(t.Context(), personKey(), login("1")); err != nil {
		t.Fatal(err)
	}
	want := []fakeItem{
		{host, "tokens", theirs, "other"},
		{host, "tokens", `{"access_token":"access-1","refresh_token":"refresh-1"}`, pythonKeyring},
	}
	if got := f.at(host, "tokens"); !slices.Equal(got, want) {
		t.Errorf("%d items: %+v", len(got), got)
	}
	// A logout leaves no token, whichever program made the item.
	if err := s.Delete(t.Context(), personKey()); err != nil || f.names() != "" {
		t.Errorf("%v, left %s", err, f.names())
	}
}

// Mirror writes what each of Flyte's tools reads, and what one of them renews is found.
func TestMirrorWritesTheLayoutsOfAllTools(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	s.Mirror = true
	if err := s.Store(t.Context(), personKey(), login("1")); err != nil {
		t.Fatal(err)
	}
	for _, l := range layouts() {
		c, err := l.read(t.Context(), s.system(), personKey())
		if l.mirrored != (err == nil) || l.mirrored && !sameTokens(c, login("1")) {
			t.Errorf("%s: %v, %v", l.name, c, err)
		}
	}
	// The tool that renews it tells no other; we do.
	if err := errors.Join(f.Set(host, "access_token", "access-2"), f.Set(host, "refresh_token", "refresh-2")); err != nil {
		t.Fatal(err)
	}
	next := &FlyteTools{Keyring: keyringOf(f, linuxHost())}
	if c, err := next.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, login("2")) {
		t.Errorf("%v, %v", c, err)
	}
	items := len(f.items)
	if err := next.Store(t.Context(), personKey(), login("3")); err != nil || len(f.items) != items {
		t.Errorf("%v, %d items, want %d", err, len(f.items), items)
	}
	for _, l := range layouts() {
		if c, err := l.read(t.Context(), s.system(), personKey()); l.mirrored && (err != nil || !sameTokens(c, login("3"))) {
			t.Errorf("%s: %v, %v", l.name, c, err)
		}
	}
	// A program of an older version finds one layout in the item, as it was written then.
	v, err := decodeKeyringValue(f.value(ownService(personKey()), keyHash(personKey())))
	if err != nil || v.Shared != "flyte-sdk" || len(v.Also) != 2 {
		t.Errorf("%+v, %v", v, err)
	}
}

// A login that a tool stores under the bare host serves every port of it, and is renewed
// and deleted where it is. Nothing else is written or deleted there.
func TestLoginUnderTheBareHostIsFoundForItsPorts(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"flyte.example.com:8090", "[::1]:8090"} {
		bare := endpoint[:len(endpoint)-len(":8090")]
		k := auth.Key{Endpoint: endpoint, Flow: auth.StoredFlow}
		s, f := newFlyteTools(linuxHost())
		f.items = []fakeItem{{bare, "access_token", "access-0", ""}, {bare, "refresh_token", "refresh-0", ""}}
		if err := s.Delete(t.Context(), k); err != nil || len(f.items) != 2 {
			t.Errorf("%s: a logout of the port took what it never used: %s, %v", endpoint, f.names(), err)
		}
		if c, err := s.Retrieve(t.Context(), k); err != nil || !sameTokens(c, login("0")) {
			t.Fatalf("%s: %v, %v", endpoint, c, err)
		}
		if err := s.Store(t.Context(), k, login("1")); err != nil || f.value(bare, "refresh_token") != "refresh-1" || len(f.at(bare, "refresh_token")) != 1 {
			t.Errorf("%s: %v, %s", endpoint, err, f.names())
		}
		next := &FlyteTools{Keyring: keyringOf(f, linuxHost())}
		if err := next.Delete(t.Context(), k); err != nil || f.names() != "" {
			t.Errorf("%s: %v, left %s", endpoint, err, f.names())
		}
		// Its own login, and Mirror's, are under the whole endpoint.
		s.Mirror = true
		if err := s.Store(t.Context(), k, login("2")); err != nil || f.value(bare, "tokens") != "" || f.value(endpoint, "tokens") == "" {
			t.Errorf("%s: %v, %s", endpoint, err, f.names())
		}
	}
	for endpoint, want := range map[string]string{
		"h": "", "h:80": "h", "[::1]": "", "[::1]:80": "[::1]", "unix:/run/x": "", "h:x": "", "/run/x:80": "",
	} {
		if got := bareHost(endpoint); got != want {
			t.Errorf("%s: %q", endpoint, got)
		}
	}
}
