package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
	"github.com/jetway-go/jetway/internal/secrettest"
)

func sameLogin(want, got *auth.Credentials) string {
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(auth.Credentials{}))
}

var key = auth.Key{Endpoint: "flyte.example.com", ClientID: "cli", Flow: auth.StoredFlow, User: "ann", Profile: "p"}

func login(n int) *auth.Credentials {
	return &auth.Credentials{
		AccessToken: fmt.Sprintf("access-%d", n), RefreshToken: fmt.Sprintf("refresh-%d", n), ClientID: "cli",
		IssuedAt: time.Date(2031, 1, 1, 0, 0, n, 0, time.UTC),
	}
}

// keys differ from the first one in one part each; a store must keep them apart.
func keys() []auth.Key {
	all := []auth.Key{key, key, key, key, key, key, key, {}}
	all[1].Endpoint += ":443"
	all[2].ClientID = ""
	all[3].Flow = "devicecode"
	all[4].User = "bob"
	all[5].Profile = "q"
	all[6].Audience = "api"
	return append(all, auth.Key{Endpoint: "ab", ClientID: "c"}, auth.Key{Endpoint: "a", ClientID: "bc"}, auth.Key{Flow: "é ∑ \"quoted\" /../"})
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestTheStoreKeepsKeysApart(t *testing.T) {
	t.Parallel()
	s := newServer(t).store(t)
	for _, k := range keys() {
		if c, err := s.Retrieve(t.Context(), k); c != nil || !errors.Is(err, auth.ErrNoCredentials) || errors.Is(err, auth.ErrLoggedOut) {
			t.Errorf("got %v, %v", c, err)
		}
	}
	for round := range 2 {
		for i, k := range keys() {
			must(t, s.Store(t.Context(), k, login(100*round+i)))
		}
	}
	for i, k := range keys() {
		got, err := s.Retrieve(t.Context(), k)
		if diff := sameLogin(login(100+i), got); err != nil || diff != "" {
			t.Errorf("%+v: %v %s", k, err, diff)
		}
	}
	listed, err := s.List(t.Context())
	if err != nil || len(listed) != len(keys()) {
		t.Errorf("listed %d of %d: %v", len(listed), len(keys()), err)
	}
	for _, k := range keys() {
		if !slices.Contains(listed, k) {
			t.Errorf("not listed: %+v", k)
		}
	}
	must(t, s.Delete(t.Context(), key), s.Delete(t.Context(), key))
	for i, k := range keys() {
		if _, err := s.Retrieve(t.Context(), k); errors.Is(err, auth.ErrLoggedOut) != (i == 0) {
			t.Errorf("%+v: %v", k, err)
		}
	}
	if listed, err := s.List(t.Context()); err != nil || len(listed) != len(keys())-1 || slices.Contains(listed, key) {
		t.Errorf("listed %v, %v", listed, err)
	}
}

func TestTheStoreGivesCopies(t *testing.T) {
	t.Parallel()
	s := newServer(t).store(t)
	mine := login(1)
	must(t, s.Store(t.Context(), key, mine))
	mine.AccessToken = "changed after it was stored"
	first, err := s.Retrieve(t.Context(), key)
	must(t, err)
	first.RefreshToken = "changed after it was retrieved"
	got, err := s.Retrieve(t.Context(), key)
	if diff := sameLogin(login(1), got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestTheStoreRefusesWhatIsNoLogin(t *testing.T) {
	t.Parallel()
	s := redisstore.New(client(t, "127.0.0.1:1"), sealKeys)
	for _, c := range []*auth.Credentials{nil, {}, {TokenType: "token"}, {AccessToken: "canary\r\nx: y"}, {RefreshToken: "canary\xff"}} {
		_, swapped := s.Swap(t.Context(), key, "", c)
		for _, err := range []error{s.Store(t.Context(), key, c), swapped} {
			var e *auth.Error
			if !errors.As(err, &e) || e.Op != "store" || e.Endpoint != key.Endpoint || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v for %v", err, c)
			}
		}
	}
}

func TestTheStoreHonoursTheContext(t *testing.T) {
	t.Parallel()
	s := newServer(t).store(t)
	must(t, s.Store(t.Context(), key, login(1)))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, retrieved := s.Retrieve(ended, key)
	_, found := s.Find(ended, key)
	_, listed := s.List(ended)
	_, locked := s.Lock(ended, key)
	for op, err := range map[string]error{
		"store": s.Store(ended, key, login(2)), "retrieve": retrieved, "delete": s.Delete(ended, key), "list": listed, "lock": locked,
	} {
		var e *auth.Error
		if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Op != op {
			t.Errorf("%s: %v", op, err)
		}
	}
	if !errors.Is(found, context.Canceled) {
		t.Error(found)
	}
	if got, err := s.Retrieve(t.Context(), key); err != nil || sameLogin(login(1), got) != "" {
		t.Errorf("after ended calls: %v, %v", got, err)
	}
}

func TestTheStoreServesManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	stores := []*redisstore.Store{s.store(t), s.store(t)}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s := stores[i%2]
			for n := range 20 {
				if i == 3 && n%5 == 0 {
					if err := s.Delete(t.Context(), key); err != nil {
						t.Error(err)
					}
				}
				if _, err := s.Swap(t.Context(), key, login(n).ID(), login(n)); err != nil {
					t.Error(err)
				}
				if i < 2 {
					if err := s.Store(t.Context(), key, login(n)); err != nil {
						t.Error(err)
					}
				}
				got, err := s.Retrieve(t.Context(), key)
				if err == nil && !strings.HasPrefix(got.AccessToken, "access-") || err != nil && !errors.Is(err, auth.ErrNoCredentials) {
					t.Errorf("torn: %v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

// Of several that expect the same login one replaces it.
func TestSwapReplacesTheExpectedLoginOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.store(t)
	must(t, first.Store(t.Context(), key, login(0)))
	for n := range 10 {
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 6 {
			store := s.store(t)
			wg.Go(func() {
				next := login(n + 1)
				next.RefreshToken = fmt.Sprint("of ", i)
				swapped, err := store.Swap(t.Context(), key, login(n).ID(), next)
				if err != nil {
					t.Error(err)
				}
				if swapped {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d have replaced it", won.Load())
		}
	}
	other := key
	other.User = "new"
	for i, want := range []bool{true, false} {
		if swapped, err := first.Swap(t.Context(), other, "", login(i)); err != nil || swapped != want {
			t.Errorf("where there was nothing: %v, %v", swapped, err)
		}
	}
}

func TestDiscardDeletesTheLoginOfThatRefreshTokenOnly(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	s, other := srv.store(t), srv.store(t)
	must(t, s.Discard(t.Context(), key, login(1)), s.Store(t.Context(), key, login(1)), s.Discard(t.Context(), key, login(2)))
	if got, err := other.Retrieve(t.Context(), key); err != nil || sameLogin(login(1), got) != "" {
		t.Errorf("another one: %v, %v", got, err)
	}
	must(t, s.Discard(t.Context(), key, login(1)))
	for _, s := range []*redisstore.Store{s, other} { // and who has seen it does not put it back
		if _, err := s.Retrieve(t.Context(), key); !errors.Is(err, auth.ErrNoCredentials) || errors.Is(err, auth.ErrLoggedOut) {
			t.Error(err)
		}
	}
	if swapped, err := other.Swap(t.Context(), key, "", login(3)); !swapped || err != nil {
		t.Errorf("the next one: %v, %v", swapped, err)
	}
}

func TestTheStoreFindsTheNewestLoginThatMatches(t *testing.T) {
	t.Parallel()
	s := newServer(t).store(t)
	madeFor := func(client, audience string) auth.Key {
		k := key
		k.ClientID, k.Audience = client, audience
		return k
	}
	for n, p := range [][2]string{{"", ""}, {"a", "x"}, {"b", "x"}, {"b", "y"}} {
		c := login(n)
		c.ClientID, c.Audience, c.PurposeKnown = p[0], p[1], true
		must(t, s.Store(t.Context(), madeFor(p[0], p[1]), c))
	}
	for asked, want := range map[[2]string]int{
		{"", ""}: 3, {"a", ""}: 1, {"b", ""}: 3, {"b", "x"}: 2, {"", "x"}: 2, {"c", ""}: 0, {"a", "y"}: -1, {"", "z"}: -1,
	} {
		_, c, err := auth.Find(t.Context(), s, madeFor(asked[0], asked[1]))
		if want < 0 {
			if !errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("%v found %v, %v", asked, c, err)
			}
			continue
		}
		if err != nil || c.AccessToken != login(want).AccessToken {
			t.Errorf("%v found %v, %v; want %d", asked, c, err, want)
		}
	}
	// A program that names no client sees the logout of the one that does.
	for _, p := range [][2]string{{"", ""}, {"a", "x"}, {"b", "x"}, {"b", "y"}} {
		must(t, s.Delete(t.Context(), madeFor(p[0], p[1])))
	}
	if _, _, err := auth.Find(t.Context(), s, madeFor("", "")); !errors.Is(err, auth.ErrLoggedOut) {
		t.Error(err)
	}
}

func TestAValueOfAnotherKeyIsNotALogin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	other := redisstore.New(s.client(t), redisstore.FixedKeys(redisstore.SealKey{ID: "k2", Secret: bytes.Repeat([]byte{9}, 32)}))
	must(t, other.Store(t.Context(), key, login(1)))
	mine := s.store(t)
	if _, err := mine.Retrieve(t.Context(), key); !errors.Is(err, redisstore.ErrUnreadable) || errors.Is(err, auth.ErrNoCredentials) {
		t.Error(err)
	}
	if swapped, err := mine.Swap(t.Context(), key, "", login(2)); swapped || !errors.Is(err, redisstore.ErrUnreadable) {
		t.Errorf("%v, %v", swapped, err)
	}
	if listed, err := mine.List(t.Context()); err != nil || len(listed) != 0 {
		t.Errorf("%v, %v", listed, err)
	}
	must(t, mine.Store(t.Context(), key, login(2))) // a person has logged in again
	if got, err := mine.Retrieve(t.Context(), key); err != nil || sameLogin(login(2), got) != "" {
		t.Errorf("%v, %v", got, err)
	}
}

// A value that was sealed with an older key is sealed with the first one when it is written.
func TestAWriteSealsWithTheFirstKey(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	older := redisstore.SealKey{ID: "older", Secret: bytes.Repeat([]byte{1}, 32)}
	newer := redisstore.SealKey{ID: "newer", Secret: bytes.Repeat([]byte{2}, 32)}
	must(t, redisstore.New(s.client(t), redisstore.FixedKeys(older)).Store(t.Context(), key, login(1)))
	both := redisstore.New(s.client(t), redisstore.FixedKeys(newer, older))
	if swapped, err := both.Swap(t.Context(), key, login(1).ID(), login(2)); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	got, err := redisstore.New(s.client(t), redisstore.FixedKeys(newer)).Retrieve(t.Context(), key)
	if err != nil || sameLogin(login(2), got) != "" {
		t.Errorf("%v, %v", got, err)
	}
}

// A login that someone copied to the place of another one does not open there.
func TestALoginThatWasMovedDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	store, c := s.store(t), s.client(t)
	bob := key
	bob.User = "bob"
	must(t, store.Store(t.Context(), key, login(1)), store.Store(t.Context(), bob, login(2)))
	name := func(k auth.Key) string {
		return strings.TrimSuffix(strings.TrimPrefix(store.Location(k), "redis ("), ")")
	}
	must(t, c.Copy(t.Context(), name(key), name(bob), 0, true).Err())
	if got, err := s.store(t).Retrieve(t.Context(), bob); got != nil || !errors.Is(err, redisstore.ErrUnreadable) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestErrorsAndLogsShowNoSecret(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var sink secrettest.Sink
	secret := bytes.Repeat([]byte("seal-canary-0123"), 2)
	canary := &auth.Credentials{AccessToken: "access-canary-1f0c", RefreshToken: "refresh-canary-9b2d"}
	store := redisstore.New(s.client(t), redisstore.FixedKeys(redisstore.SealKey{ID: "k1", Secret: secret}), redisstore.WithLogger(sink.Logger()))
	defer func() { must(t, store.Close()) }()
	must(t, store.Store(t.Context(), key, canary))
	must(t, s.client(t).FlushAll(t.Context()).Err())
	_, err := store.Retrieve(t.Context(), key) // restored, which is logged
	must(t, err)
	_, err = s.store(t).Retrieve(t.Context(), key)
	sink.Dump(err)
	s.kill()
	_, err = store.Swap(t.Context(), key, canary.ID(), &auth.Credentials{AccessToken: "access-canary-1f0d"})
	sink.Dump(err)
	sink.Dump(store)
	sink.Heard(t, "stored again")
	sink.Hides(t, "access-canary-1f0c", "access-canary-1f0d", "refresh-canary-9b2d", string(secret))
}
