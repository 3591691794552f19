package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// A server answers a renewal with the access token that is there already, and a new
// refresh token: the old one has ended, and the next renewal needs the new one.
func TestRotationWithoutANewAccessToken(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]func() []auth.Option{
		"in memory": func() []auth.Option { return nil },
		"stored":    func() []auth.Option { return []auth.Option{auth.WithStore(&mapStore{})} },
		"unstored":  func() []auth.Option { return []auth.Option{auth.WithStore(&mapStore{fail: context.DeadlineExceeded})} },
	} {
		for how, reject := range map[string]bool{"in the background": false, "after a rejection": true} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f, flow := person()
					f.renew = func(_ context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
						if want := []string{"refresh", "second"}[n-1]; prev.RefreshToken != want {
							t.Errorf("renewal %d sends %q, want %q", n, prev.RefreshToken, want)
							return nil, auth.ErrRejected
						}
						c := issue("by hand", time.Hour)
						c.RefreshToken = "second"
						if n > 1 {
							c.AccessToken = "renewed"
						}
						return c, nil
					}
					a := newAuthenticator(t, flow, opts()...)
					if err := a.Login(t.Context()); err != nil {
						t.Fatal(err)
					}
					if !reject {
						time.Sleep(59*time.Minute + 20*time.Second)
					}
					stale, _ := a.Credentials(t.Context())
					if reject {
						if c, err := a.Refresh(t.Context(), stale); err == nil {
							t.Errorf("got %v, which was refused", c)
						}
						if c, err := a.Credentials(t.Context()); err != nil || c.AccessToken != "by hand" || c.RefreshToken != "second" {
							t.Errorf("then another call got %v, %v", c, err)
						}
					}
					synctest.Wait()
					time.Sleep(2 * time.Second)
					if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "renewed" {
						t.Errorf("Refresh = %v, %v", c, err)
					}
				})
			})
		}
	}
}

// Between the answer and the store there is no moment at which Close forgets it.
func TestCloseBetweenAnswerAndStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := rotating(0)
		rotate := f.renew
		f.renew = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
			c, err := rotate(ctx, n, prev)
			c.Expiry = time.Now().Add(-time.Hour) // which is logged just then
			return c, err
		}
		store := &mapStore{}
		var a *auth.Authenticator
		closed := make(chan string, 1)
		log := slog.New(&eavesdropper{heard: func(message string) {
			if strings.Contains(message, "already expired") {
				go func() {
					_ = a.Close()
					closed <- store.holds(testKey)
				}()
				time.Sleep(time.Second)
			}
		}})
		a = newAuthenticator(t, flow, auth.WithStore(store), auth.WithLogger(log))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute + 20*time.Second)
		token(t, a)
		if got := <-closed; got != "renewed" {
			t.Errorf("when Close is back, the store holds %q", got)
		}
	})
}

// eavesdropper hears what is logged.
type eavesdropper struct{ heard func(message string) }

func (e *eavesdropper) Enabled(context.Context, slog.Level) bool { return true }
func (e *eavesdropper) WithAttrs([]slog.Attr) slog.Handler       { return e }
func (e *eavesdropper) WithGroup(string) slog.Handler            { return e }
func (e *eavesdropper) Handle(_ context.Context, r slog.Record) error {
	e.heard(r.Message)
	return nil
}

// The answer to a refresh is of no use, and holds the next refresh token: the old one may
// have ended, so the next refresh sends the new one, and so does the next program.
func TestARefreshTokenBesideAnErrorIsKept(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opts  func() []auth.Option
		given string // access token of WithInitial; "-": a login instead
	}{
		"in memory":                {func() []auth.Option { return nil }, "-"},
		"stored":                   {func() []auth.Option { return []auth.Option{auth.WithStore(&mapStore{})} }, "-"},
		"unstored":                 {func() []auth.Option { return []auth.Option{auth.WithStore(&mapStore{fail: context.DeadlineExceeded})} }, "-"},
		"given, no access token":   {func() []auth.Option { return nil }, ""},
		"given, not to be stored":  {func() []auth.Option { return []auth.Option{auth.WithStore(&mapStore{fail: context.DeadlineExceeded})} }, ""},
		"given, with access token": {func() []auth.Option { return nil }, "given"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, flow := person()
				f.renew = func(_ context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
					if want := []string{"refresh", "second"}[n-1]; prev.RefreshToken != want {
						t.Errorf("renewal %d sends %q, want %q", n, prev.RefreshToken, want)
						return nil, auth.ErrRejected
					}
					if n == 1 {
						next := *prev
						next.AccessToken, next.RefreshToken = "", "second"
						return &next, errors.New("token_type is DPoP")
					}
					return issue("renewed", time.Hour), nil
				}
				opts := tc.opts()
				if tc.given != "-" {
					opts = append(opts, auth.WithInitial(&auth.Credentials{AccessToken: tc.given, RefreshToken: "refresh"}))
				}
				a := newAuthenticator(t, flow, opts...)
				if tc.given == "-" {
					if err := a.Login(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				stale, _ := a.Credentials(t.Context())
				_, err := a.Refresh(t.Context(), stale)
				if err == nil || !strings.Contains(err.Error(), "DPoP") && !strings.Contains(err.Error(), "remembered") {
					t.Errorf("got %v", err)
				}
				time.Sleep(2 * time.Second)
				if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "renewed" {
					t.Errorf("then %v, %v", c, err)
				}
			})
		})
	}
}
