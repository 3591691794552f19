package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/jetway-go/jetway/auth"
)

// fakeKeyring behaves as the keyrings that there are: several items may have one
// name, values have a limit, and any call can fail or hang.
type fakeKeyring struct {
	mu    sync.Mutex
	items []fakeItem
	limit int
	calls int
	busy  int
	most  int // calls at a time
	// before is asked before each call; its error is the answer. It runs without
	// the lock, so it may hang.
	before func(n int, op, service, user string) error
}

type fakeItem struct{ service, user, value, application string }

func (f *fakeKeyring) enter(op, service, user string) error {
	f.mu.Lock()
	f.calls++
	n := f.calls
	f.busy++
	f.most = max(f.most, f.busy)
	before := f.before
	f.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(n, op, service, user)
}

func (f *fakeKeyring) Set(service, user, value string) error {
	return f.setAs(service, user, value, "")
}

// setAs is another program, which replaces only items with all the attributes that it sets.
func (f *fakeKeyring) setAs(service, user, value, application string) error {
	err := f.enter("set", service, user)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	if err != nil {
		return err
	}
	if f.limit > 0 && len(value) > f.limit {
		return keyring.ErrSetDataTooBig
	}
	for i, item := range f.items { // the oldest one is replaced, its mark too
		if item.service == service && item.user == user && (application == "" || item.application == application) {
			f.items[i].value, f.items[i].application = value, application
			return nil
		}
	}
	f.items = append(f.items, fakeItem{service, user, value, application})
	return nil
}

// Replace works on items with attributes of their own, the newest of which is read.
func (f *fakeKeyring) Replace(service, user, value, application string, superseded func(string) bool) error {
	err := f.enter("set", service, user)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	if err != nil {
		return err
	}
	if f.limit > 0 && len(value) > f.limit {
		return keyring.ErrSetDataTooBig
	}
	target, old := -1, []int(nil)
	for i, item := range slices.Backward(f.items) {
		if item.service == service && item.user == user {
			if target < 0 {
				target = i
			}
			if superseded(item.value) {
				old = append(old, i)
			}
		}
	}
	if target < 0 {
		f.items = append(f.items, fakeItem{service, user, value, application})
		return nil
	}
	if len(old) > 0 {
		target = old[0]
	}
	changed := f.items[target]
	changed.value = value
	for _, i := range append(old, target) {
		f.items[i].service = "" // deleted
	}
	f.items = append(slices.DeleteFunc(f.items, func(i fakeItem) bool { return i.service == "" }), changed)
	return nil
}

func (f *fakeKeyring) Get(service, user string) (string, error) {
	err := f.enter("get", service, user)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	if err != nil {
		return "", err
	}
	for _, item := range slices.Backward(f.items) { // the newest one is read
		if item.service == service && item.user == user {
			return item.value, nil
		}
	}
	return "", keyring.ErrNotFound
}

func (f *fakeKeyring) Delete(service, user string) error {
	err := f.enter("delete", service, user)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	if err != nil {
		return err
	}
	for i, item := range slices.Backward(f.items) {
		if item.service == service && item.user == user {
			f.items = slices.Delete(f.items, i, i+1)
			return nil
		}
	}
	return keyring.ErrNotFound
}

// put is another program that labels its items in its own way: it always makes one.
func (f *fakeKeyring) put(service, user, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, fakeItem{service: service, user: user, value: value})
}

func (f *fakeKeyring) value(service, user string) string {
	f.mu.Lock()
	before := f.before
	f.before = nil
	f.mu.Unlock()
	v, _ := f.Get(service, user)
	f.mu.Lock()
	f.before = before
	f.mu.Unlock()
	return v
}

// names lists the items, tokens left out.
func (f *fakeKeyring) names() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, i := range f.items {
		list = append(list, i.service+"/"+i.user)
	}
	return strings.Join(list, " ")
}

func (f *fakeKeyring) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *fakeKeyring) fail(before func(n int, op, service, user string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.before = 0, before
}

// linux has a session bus.
func linuxHost() *keyringHost {
	return &keyringHost{
		goos:   "linux",
		getenv: func(name string) string { return map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/bus"}[name] },
		exists: func(string) bool { return false },
	}
}

func windowsHost() *keyringHost {
	h := linuxHost()
	h.goos, h.limit = "windows", limitWindows
	return h
}

// keyringOf is a store of another program for every call: the gate is its own.
func keyringOf(f *fakeKeyring, h *keyringHost) *KeyringStore {
	return &KeyringStore{system: &systemKeyring{items: f, host: h}}
}

func newKeyring(h *keyringHost) (*KeyringStore, *fakeKeyring) {
	f := &fakeKeyring{limit: h.limit}
	return keyringOf(f, h), f
}

func newFlyteTools(h *keyringHost) (*FlyteTools, *fakeKeyring) {
	s, f := newKeyring(h)
	return &FlyteTools{Keyring: s}, f
}

var errKeyringLockedByDaemon = errors.New("failed to unlock correct collection '/org/freedesktop/secrets/aliases/default'")

func personKey() auth.Key { return auth.Key{Endpoint: "flyte.example.com", Flow: auth.StoredFlow} }

func login(name string) *auth.Credentials {
	return &auth.Credentials{AccessToken: "access-" + name, RefreshToken: "refresh-" + name}
}

// long is a login of about n bytes, in characters of several.
func long(name string, n int) *auth.Credentials {
	c := login(name)
	c.AccessToken += strings.Repeat("é∑x", n/6)
	return c
}

func sameTokens(a, b *auth.Credentials) bool {
	return a != nil && b != nil && a.AccessToken == b.AccessToken && a.RefreshToken == b.RefreshToken
}

func describeTokens(c *auth.Credentials) string {
	if c == nil {
		return "none"
	}
	return fmt.Sprintf("%.20s (%d)", c.AccessToken, len(c.AccessToken))
}

// mustBeLocked fails if the login of k can be locked.
func mustBeLocked(t *testing.T, s auth.Store, k auth.Key) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*(lockPause+lockJitter))
	defer cancel()
	l, err := s.(auth.Locker).Lock(ctx, k)
	if err == nil {
		l.Unlock()
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s locks a login that is locked: %v", storeName(s), err)
	}
}
