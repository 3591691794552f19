package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// Keys were replaced since a Store has seen a login that Redis loses: the Store puts it back under
// the key of now, and nothing that the others cannot open.
func TestWhatIsPutBackIsSealedWithTheFirstKeyOfNow(t *testing.T) {
	t.Parallel()
	older := redisstore.SealKey{ID: "older", Secret: bytes.Repeat([]byte{1}, 32)}
	newer := redisstore.SealKey{ID: "newer", Secret: bytes.Repeat([]byte{2}, 32)}
	for name, c := range map[string]struct {
		now     []redisstore.SealKey
		logout  bool
		want    error
		restore bool
	}{
		"the old one still opens":             {now: []redisstore.SealKey{newer, older}, restore: true},
		"the old one still opens, a logout":   {now: []redisstore.SealKey{newer, older}, logout: true, want: auth.ErrLoggedOut, restore: true},
		"the old one is gone":                 {now: []redisstore.SealKey{newer}, want: auth.ErrNoCredentials},
		"the old one is gone, after a logout": {now: []redisstore.SealKey{newer}, logout: true, want: auth.ErrLoggedOut, restore: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			var keys atomic.Pointer[[]redisstore.SealKey]
			keys.Store(&[]redisstore.SealKey{older})
			store := redisstore.New(s.client(t), func(context.Context) ([]redisstore.SealKey, error) { return *keys.Load(), nil })
			t.Cleanup(func() { _ = store.Close() })
			must(t, store.Store(t.Context(), key, login(1)))
			if c.logout {
				must(t, store.Delete(t.Context(), key))
			}
			keys.Store(&c.now)
			store.KeysAreOld()
			must(t, s.client(t).FlushAll(t.Context()).Err())
			others := redisstore.New(s.client(t), redisstore.FixedKeys(newer))
			t.Cleanup(func() { _ = others.Close() })
			for _, reader := range []*redisstore.Store{store, others} {
				got, err := reader.Retrieve(t.Context(), key)
				if !errors.Is(err, c.want) || errors.Is(err, auth.ErrLoggedOut) != errors.Is(c.want, auth.ErrLoggedOut) || (got == nil) == (c.want == nil) ||
					c.want == nil && sameLogin(login(1), got) != "" {
					t.Errorf("%v, %v; want %v", got, err, c.want)
				}
			}
			if there := s.client(t).Exists(t.Context(), s.groupName(t)).Val() == 1; there != c.restore {
				t.Errorf("put back: %v", there)
			}
			must(t, store.Store(t.Context(), key, login(2))) // of a person
			if got, err := others.Retrieve(t.Context(), key); err != nil || sameLogin(login(2), got) != "" {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}
