package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// logged is a logger of everything, and what it wrote.
func logged() (*slog.Logger, *strings.Builder) {
	text := &strings.Builder{}
	return slog.New(slog.NewTextHandler(text, &slog.HandlerOptions{Level: slog.LevelDebug})), text
}

// A flow that panics fails its login with an error that names it and the type of the
// value, which may hold a secret; the stack is in the debug log, and the next login
// is a new one.
func TestPanickingFlowFailsItsLogin(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		value any
		want  string
	}{
		"text":          {accessCanary, "(string)"},
		"error":         {errors.New(accessCanary), "(*errors.errorString)"},
		"runtime error": {nil, "(runtime error: index out of range [3] with length 0)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fakeFlow{traits: auth.Traits{Name: "vault"}, obtain: func(_ context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
				switch {
				case n > 1:
					return issue("token", 0), nil
				case tc.value != nil:
					panic(tc.value)
				default:
					return nil, []error{}[n+2]
				}
			}}
			log, text := logged()
			a := newAuthenticator(t, f, auth.WithLogger(log))
			_, err := a.Credentials(t.Context())
			if err == nil || status.Code(err) != codes.Internal || leaks(err.Error()) {
				t.Fatalf("got %v", err)
			}
			if want := "the flow vault (*auth_test.fakeFlow) panicked " + tc.want; !strings.Contains(err.Error(), want) {
				t.Errorf("got %q, want %q", err, want)
			}
			if leaks(text.String()) || !strings.Contains(text.String(), "level=DEBUG") || !strings.Contains(text.String(), "panic_ext_test.go") {
				t.Errorf("the log has no stack: %s", text)
			}
			if err := a.Login(t.Context()); err != nil {
				t.Errorf("the next login: %v", err)
			}
		})
	}
}

func TestPanickingRefreshFailsTheRefreshOnly(t *testing.T) {
	t.Parallel()
	f := &fakeFlow{
		traits: auth.Traits{Name: "vault"},
		renew:  func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { panic("renewed") },
	}
	a := newAuthenticator(t, renewable{f}, auth.WithInitial(&auth.Credentials{
		AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Minute), IssuedAt: time.Now().Add(-time.Hour),
	}))
	if _, err := a.Credentials(t.Context()); err == nil || !strings.Contains(err.Error(), "renew") || !strings.Contains(err.Error(), "the flow vault") {
		t.Errorf("got %v", err)
	}
}

type revoking struct{ *fakeFlow }

func (revoking) Revoke(context.Context, auth.Env, *auth.Credentials) error { panic("revoked") }

func TestPanickingRevocationIsAnErrorOfLogout(t *testing.T) {
	t.Parallel()
	a := newAuthenticator(t, revoking{&fakeFlow{obtain: tokens(0, time.Hour)}})
	_ = token(t, a)
	if err := a.Logout(t.Context()); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Errorf("got %v", err)
	}
}

// breaking is a store with every power that a renewal uses; the operations in at panic.
type breaking struct {
	*mapStore

	at string
}

func (s breaking) hit(op string) {
	if strings.Contains(s.at, op) {
		panic(accessCanary)
	}
}

func (s breaking) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	s.hit("store")
	return s.mapStore.Store(ctx, k, c)
}

func (s breaking) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	s.hit("retrieve")
	return s.mapStore.Retrieve(ctx, k)
}

func (s breaking) Delete(ctx context.Context, k auth.Key) error {
	s.hit("delete")
	return s.mapStore.Delete(ctx, k)
}

func (s breaking) Swap(ctx context.Context, k auth.Key, _ string, c *auth.Credentials) (bool, error) {
	s.hit("swap")
	return true, s.mapStore.Store(ctx, k, c)
}

func (s breaking) Discard(ctx context.Context, k auth.Key, _ *auth.Credentials) error {
	s.hit("discard")
	return s.mapStore.Delete(ctx, k)
}

func (s breaking) Lock(context.Context, auth.Key) (auth.Lease, error) {
	s.hit("lock")
	return breakingLease{s}, nil
}

func (s breaking) LockUnless(ctx context.Context, k auth.Key, _ func() bool) (auth.Lease, error) {
	return s.Lock(ctx, k)
}

func (s breaking) Find(_ context.Context, k auth.Key) (auth.Key, error) {
	s.hit("find")
	return k, nil
}

type breakingLease struct{ breaking }

func (breakingLease) Lost() <-chan struct{} { return nil }
func (l breakingLease) Unlock()             { l.hit("give back") }

// A store that panics counts as one that fails: the login lasts as long as the process,
// and the log says why.
func TestPanickingStoreCountsAsOneThatFails(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"store, swap", "retrieve", "find", "lock", "store, swap, retrieve, lock"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			log, text := logged()
			a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)}, auth.WithStore(breaking{&mapStore{}, op}), auth.WithLogger(log))
			if got := token(t, a); got != "token-1" {
				t.Errorf("got %q", got)
			}
			if got := text.String(); !strings.Contains(got, "the store auth_test.breaking panicked (string)") || leaks(got) {
				t.Errorf("the log does not say so: %s", got)
			}
		})
	}
}

// A lease is given back at the end of a renewal, whose result is lost with a panic there.
func TestPanickingLeaseFailsTheLogin(t *testing.T) {
	t.Parallel()
	a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)}, auth.WithStore(breaking{&mapStore{}, "give back"}))
	if _, err := a.Credentials(t.Context()); status.Code(err) != codes.Internal || leaks(err.Error()) {
		t.Errorf("got %v", err)
	}
}

func TestPanickingStoreIsAnErrorOfLogoutAndInspect(t *testing.T) {
	t.Parallel()
	a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)}, auth.WithStore(breaking{&mapStore{}, "delete, retrieve"}))
	if _, err := a.Inspect(t.Context()); status.Code(err) != codes.Internal {
		t.Errorf("Inspect: %v", err)
	}
	if err := a.Logout(t.Context()); status.Code(err) != codes.Internal {
		t.Errorf("Logout: %v", err)
	}
}

// A dead refresh token that cannot be deleted does not come back.
func TestPanickingDiscardKeepsTheRefusal(t *testing.T) {
	t.Parallel()
	s := breaking{&mapStore{}, "discard"}
	_ = s.Store(t.Context(), testKey, &auth.Credentials{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Minute)})
	f := &fakeFlow{
		traits: auth.Traits{Interactive: true, Name: auth.StoredFlow},
		obtain: failing(auth.ErrInteractionRequired),
		renew:  failing(auth.ErrRejected),
	}
	a := newAuthenticator(t, renewable{f}, auth.WithStore(s))
	if _, err := a.Refresh(t.Context(), nil); !errors.Is(err, auth.ErrInteractionRequired) {
		t.Errorf("got %v", err)
	}
}

type namelessFlow struct{ fakeFlow }

type otherFlow struct{ namelessFlow }

// Custom flows that name nothing do not share what is stored: the name of the type
// stands in.
func TestNamelessFlowsDoNotShareALogin(t *testing.T) {
	t.Parallel()
	first, second := &namelessFlow{}, &otherFlow{}
	first.obtain, second.obtain = tokens(0, time.Hour), failing(auth.ErrRejected)
	s := &mapStore{}
	key := auth.Key{Endpoint: testKey.Endpoint}
	a := auth.New(key, first, auth.Env{}, auth.WithStore(s))
	defer a.Close()
	_ = token(t, a)
	b := auth.New(key, second, auth.Env{}, auth.WithStore(s))
	defer b.Close()
	if c, err := b.Credentials(t.Context()); !errors.Is(err, auth.ErrRejected) {
		t.Errorf("a flow of another type got %v, %v", c, err)
	}
	const want = "github.com/jetway-go/jetway/auth_test.namelessFlow"
	if got := a.Status().Key.Flow; got != want || auth.TraitsOf(first).Name != want {
		t.Errorf("the flow is called %q and %q, want %q", got, auth.TraitsOf(first).Name, want)
	}
}
