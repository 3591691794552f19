package tokenstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// sameLogin compares credentials by their public fields.
func sameLogin(want, got *auth.Credentials) string {
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(auth.Credentials{}))
}

// keys differ from the first one in one part each; a store must keep them apart.
func keys() []auth.Key {
	k := auth.Key{Endpoint: "flyte.example", ClientID: "cli", Flow: "pkce", User: "ann", Profile: "p"}
	all := []auth.Key{k, k, k, k, k, k, {}}
	all[1].Endpoint += ":443"
	all[2].ClientID = ""
	all[3].Flow = "devicecode"
	all[4].User = "bob"
	all[5].Profile = "q"
	return append(all, auth.Key{Endpoint: "ab", ClientID: "c"}, auth.Key{Endpoint: "a", ClientID: "bc"}, auth.Key{Flow: "é ∑ \"quoted\" /../"})
}

// stores are the ones of this package, ready to use.
func stores(t *testing.T) map[string]auth.Store {
	return map[string]auth.Store{"memory": &tokenstore.MemoryStore{}, "file": &tokenstore.FileStore{Dir: t.TempDir()}}
}

func TestStoresKeepKeysApart(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Given nothing, retrieving says so and deleting is no error.
			for _, k := range keys() {
				if c, err := s.Retrieve(t.Context(), k); c != nil || !errors.Is(err, auth.ErrNoCredentials) {
					t.Errorf("got %v, %v", c, err)
				}
				if err := s.Delete(t.Context(), k); err != nil {
					t.Error(err)
				}
			}
			// When each key gets a login, twice,
			login := func(round, i int) *auth.Credentials {
				c := canaries()
				c.AccessToken += fmt.Sprint(round, i)
				return c
			}
			for round := range 2 {
				for i, k := range keys() {
					if err := s.Store(t.Context(), k, login(round, i)); err != nil {
						t.Fatal(err)
					}
				}
			}
			// then each has its own last one,
			for i, k := range keys() {
				got, err := s.Retrieve(t.Context(), k)
				if diff := sameLogin(login(1, i), got); err != nil || diff != "" {
					t.Errorf("%+v: %v %s", k, err, diff)
				}
			}
			// and a deleted one is gone alone.
			if err := s.Delete(t.Context(), keys()[0]); err != nil {
				t.Error(err)
			}
			for i, k := range keys() {
				if _, err := s.Retrieve(t.Context(), k); errors.Is(err, auth.ErrNoCredentials) != (i == 0) {
					t.Errorf("%+v: %v", k, err)
				}
			}
		})
	}
}

func TestStoresGiveCopies(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, mine := keys()[0], canaries()
			if err := s.Store(t.Context(), k, mine); err != nil {
				t.Fatal(err)
			}
			mine.AccessToken = "changed after it was stored"
			first, err := s.Retrieve(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			first.RefreshToken = "changed after it was retrieved"
			got, err := s.Retrieve(t.Context(), k)
			if diff := sameLogin(canaries(), got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestStoresRefuseWhatIsNoLogin(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		for _, c := range []*auth.Credentials{nil, {}, {TokenType: "token"}, {AccessToken: accessCanary + "\r\nx: y"}, {RefreshToken: refreshCanary + "\xff"}} {
			err := s.Store(t.Context(), auth.Key{Endpoint: "flyte.example"}, c)
			var e *auth.Error
			if !errors.As(err, &e) || e.Op != "store" || e.Endpoint != "flyte.example" || leaks(err.Error()) {
				t.Errorf("%s: %v for %v", name, err, c)
			}
		}
	}
}

func TestStoresHonourTheContext(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, s := range stores(t) {
		k := keys()[0]
		if err := s.Store(t.Context(), k, canaries()); err != nil {
			t.Fatal(err)
		}
		_, retrieved := s.Retrieve(ended, k)
		for op, err := range map[string]error{"store": s.Store(ended, k, &auth.Credentials{AccessToken: "other"}), "retrieve": retrieved, "delete": s.Delete(ended, k)} {
			var e *auth.Error
			if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Op != op {
				t.Errorf("%s: %s: %v", name, op, err)
			}
		}
		if got, err := s.Retrieve(t.Context(), k); err != nil || sameLogin(canaries(), got) != "" {
			t.Errorf("%s: after ended calls: %v, %v", name, got, err)
		}
	}
}

func TestStoresShowNoToken(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		if err := s.Store(t.Context(), keys()[0], canaries()); err != nil {
			t.Fatal(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if got := fmt.Sprintf(verb, s); leaks(got) {
				t.Errorf("%s under %s: %s", name, verb, got)
			}
		}
	}
}

func TestStoresServeManyAtOnce(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := keys()[0]
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for n := range 20 {
						if i%4 == 3 && n%5 == 0 {
							if err := s.Delete(t.Context(), k); err != nil {
								t.Error(err)
							}
						}
						if err := s.Store(t.Context(), k, canaries()); err != nil {
							t.Error(err)
						}
						got, err := s.Retrieve(t.Context(), k)
						if err == nil && sameLogin(canaries(), got) != "" || err != nil && !errors.Is(err, auth.ErrNoCredentials) {
							t.Errorf("torn: %v, %v", got, err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
