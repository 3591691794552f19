package auth_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// A refresh token that was refused for good is sent by one of fifty processes, and the login
// stays stored, with the reason and the time.
func TestProcessesSendADeadRefreshTokenOnce(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	m := newComputer(t, r.login(true))
	r.mu.Lock()
	r.family += 10 // the server has forgotten the login
	r.mu.Unlock()
	var all []*process
	for range crowd {
		all = append(all, child{mode: "once", dir: m.dir, url: r.url}.launch(t))
	}
	for _, p := range all {
		p.await(t, "ready")
	}
	for _, p := range all {
		p.start()
	}
	for _, p := range all {
		<-p.lines // the next call goes without a token, or with the one that has expired
		_ = p.exit()
	}
	if requests, _, refused := r.counts(); requests != 1 || refused != 1 {
		t.Errorf("%d requests, %d refused, want 1", requests, refused)
	}
	c, err := m.store.Retrieve(t.Context(), processKey)
	if err != nil || c.AccessToken != "access-1-0" || c.RefreshToken != "" ||
		!strings.Contains(c.Ended, "invalid_grant") || !strings.Contains(c.Ended, time.Now().UTC().Format("(2006-01-02T15:")) {
		t.Errorf("stored is %v, %v, ended because of %q", c, err, c.Ended)
	}
}

// undeleted is a Store that locks, and deletes nothing.
type undeleted struct{ *tokenstore.FileStore }

func (undeleted) Delete(context.Context, auth.Key) error { return errors.New("read-only") }
func (undeleted) Discard(context.Context, auth.Key, *auth.Credentials) error {
	return errors.New("read-only")
}

// unlockable is a Store whose locks cannot be had.
type unlockable struct{ *mapStore }

func (unlockable) Lock(context.Context, auth.Key) (auth.Lease, error) {
	return nil, errors.New("no locks")
}

// The same holds for every store and flow, one Authenticator after the other, until a Login.
func TestDeadRefreshTokenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(*testing.T) auth.Store{
		"a file, with locks": func(t *testing.T) auth.Store { return &tokenstore.FileStore{Dir: filepath.Join(t.TempDir(), "c")} },
		"a file, no deletion": func(t *testing.T) auth.Store {
			return undeleted{&tokenstore.FileStore{Dir: filepath.Join(t.TempDir(), "c")}}
		},
		"memory":                func(*testing.T) auth.Store { return &tokenstore.MemoryStore{} },
		"neither lock nor swap": func(*testing.T) auth.Store { return &mapStore{} },
		"locks that fail":       func(*testing.T) auth.Store { return unlockable{&mapStore{}} },
		"in this process only":  func(*testing.T) auth.Store { return nil },
	} {
		for _, interactive := range []bool{true, false} {
			for _, access := range []string{"old", ""} {
				t.Run(fmt.Sprintf("%s/interactive %v/access %q", name, interactive, access), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						sent := 0
						f := &fakeFlow{traits: auth.Traits{Interactive: interactive}, obtain: failing(auth.ErrInteractionRequired)}
						f.renew = func(_ context.Context, _ int, prev *auth.Credentials) (*auth.Credentials, error) {
							if prev.RefreshToken == "dead" {
								sent++
							}
							return nil, fmt.Errorf("%w: bad_refresh_token", auth.ErrRejected)
						}
						login := &auth.Credentials{AccessToken: access, RefreshToken: "dead", IssuedAt: time.Now()}
						s := store(t)
						var opts []auth.Option
						if s == nil {
							opts = append(opts, auth.WithInitial(login))
						} else {
							opts = append(opts, auth.WithStore(s))
							if err := s.Store(t.Context(), testKey, login); err != nil {
								t.Fatal(err)
							}
						}
						one := newAuthenticator(t, renewable{f}, opts...)
						for range 20 {
							err := call(t.Context(), one, never)
							if status.Code(err) != codes.Unauthenticated {
								t.Fatalf("got %v, want Unauthenticated", err)
							}
							if s != nil {
								_ = call(t.Context(), newAuthenticator(t, renewable{f}, opts...), never)
							}
							time.Sleep(10 * time.Second)
						}
						if sent != 1 {
							t.Errorf("it was sent %d times, want once", sent)
						}
						if st := one.Status(); st.Renewable && interactive {
							t.Errorf("%v", st)
						}
						if s == nil {
							return
						}
						if c, err := s.Retrieve(t.Context(), testKey); err != nil || !strings.Contains(c.Ended, "bad_refresh_token") {
							t.Errorf("stored is %v, %v", c, err)
						}
						f.obtain = tokens(0, time.Hour)
						if err := one.Login(t.Context()); err != nil {
							t.Fatal(err)
						}
						if c, err := s.Retrieve(t.Context(), testKey); err != nil || c.AccessToken == access || c.Ended != "" {
							t.Errorf("after Login stored is %v, %v", c, err)
						}
					})
				})
			}
		}
	}
}

// A machine's refresh token is refused in the background: its flow gets the login without it.
func TestDeadRefreshTokenOfAMachineIsNotSentInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		f := &fakeFlow{obtain: tokens(0, time.Hour)}
		f.renew = func(_ context.Context, _ int, prev *auth.Credentials) (*auth.Credentials, error) {
			if prev.RefreshToken != "" {
				sent++
			}
			return nil, auth.ErrRejected
		}
		login := issue("good", time.Hour)
		login.RefreshToken = "dead"
		a := newAuthenticator(t, renewable{f}, auth.WithInitial(login))
		for range 59*60 + 49 {
			token(t, a)
			time.Sleep(time.Second)
		}
		if _, renewed := f.counts(); sent != 1 || renewed < 2 {
			t.Errorf("it was sent %d times in %d refreshes", sent, renewed)
		}
	})
}

// Where no person can be asked, the error says that one has to log in again, and why.
func TestErrorOfAnEndedLoginSaysToLogInAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = failing(fmt.Errorf("%w: token_inactive", auth.ErrRejected))
		login := issue("good", time.Hour)
		login.RefreshToken = "dead"
		a := newAuthenticator(t, flow, auth.WithStore(&mapStore{m: map[auth.Key]auth.Credentials{testKey: *login}}))
		token(t, a)
		time.Sleep(59*time.Minute + 20*time.Second)
		token(t, a) // refused in the background
		synctest.Wait()
		time.Sleep(5 * time.Minute)
		f.obtain = failing(auth.ErrDeclined)
		stale := mustCredentials(t, a)
		if _, err := a.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrDeclined) || !strings.Contains(err.Error(), "token_inactive") {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Minute)
		_, err := a.Refresh(t.Context(), stale)
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v, want Unauthenticated", err)
		}
	})
}

// A v1 flyteadmin answers 500 with server_error to an expired refresh token, for good. The
// call goes on to a login, and the stored one is kept until that succeeds.
func TestServerFaultThatStaysLeadsToALogin(t *testing.T) {
	t.Parallel()
	for name, expired := range map[string]bool{"expired": true, "rejected": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, flow := person()
				f.renew = failing(fmt.Errorf("%w: HTTP 500, server_error", auth.ErrServerFault))
				f.obtain = failing(errors.New("503"))
				login := issue("old", time.Hour)
				login.RefreshToken = "r"
				store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *login}}
				if expired {
					time.Sleep(2 * time.Hour)
				}
				a := newAuthenticator(t, flow, auth.WithStore(store))
				fresh := func(token string) bool { return token == "by hand" }
				for range 40 {
					if err := call(t.Context(), a, fresh); status.Code(err) != codes.Unavailable {
						t.Errorf("got %v, want Unavailable", err)
					}
					if store.m[testKey].RefreshToken != "r" || store.m[testKey].Ended != "" {
						t.Fatalf("stored is %v", store.holds(testKey))
					}
					time.Sleep(2 * time.Second)
				}
				_, flow2 := person()
				f.obtain = flow2.(renewable).obtain
				time.Sleep(time.Minute)
				if err := call(t.Context(), a, fresh); err != nil || store.holds(testKey) != "by hand" {
					t.Errorf("got %v; stored is %q", err, store.holds(testKey))
				}
			})
		})
	}
}

// Where no person can be asked it stays transient, and so does a single one, or one of a
// token that is still good.
func TestServerFaultAloneIsTransient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		passing := []error{auth.ErrServerFault, errors.New("connection refused")}
		f.renew = func(_ context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
			return nil, passing[n%2]
		}
		store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: {AccessToken: "old", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}}}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		for range 60 {
			if err := call(t.Context(), a, never); status.Code(err) != codes.Unavailable {
				t.Fatalf("got %v, want Unavailable", err)
			}
			time.Sleep(2 * time.Second)
		}
		f.renew, f.obtain = failing(auth.ErrServerFault), failing(auth.ErrInteractionRequired)
		for range 60 {
			if err := call(t.Context(), a, never); status.Code(err) != codes.Unavailable {
				t.Fatalf("no person can be asked: got %v, want Unavailable", err)
			}
			time.Sleep(2 * time.Second)
		}
		f.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			t.Error("a person is asked although the token is good")
			return nil, auth.ErrDeclined
		}
		good := newAuthenticator(t, flow, auth.WithInitial(&auth.Credentials{AccessToken: "good", RefreshToken: "r", IssuedAt: time.Now(), Expiry: time.Now().Add(time.Hour)}))
		for range 59 * 60 {
			if err := call(t.Context(), good, always); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
	})
}

// A rotated refresh token in an answer that is of no other use is kept and stored.
func TestRotatedRefreshTokenBesideAnErrorIsKept(t *testing.T) {
	t.Parallel()
	for name, beside := range map[string]func(prev *auth.Credentials) (*auth.Credentials, error){
		"an error": func(prev *auth.Credentials) (*auth.Credentials, error) {
			c := *prev
			c.AccessToken, c.RefreshToken = "", "second"
			return &c, errors.New(`token_type "DPoP"`)
		},
		"a refusal of the answer": func(*auth.Credentials) (*auth.Credentials, error) {
			return &auth.Credentials{RefreshToken: "second"}, fmt.Errorf("%w: expires_in", auth.ErrRejected)
		},
		"an unusable token": func(*auth.Credentials) (*auth.Credentials, error) {
			return &auth.Credentials{AccessToken: "a\nb", RefreshToken: "second"}, nil
		},
	} {
		for _, stored := range []bool{true, false} {
			for _, access := range []string{"old", ""} {
				t.Run(fmt.Sprintf("%s/stored %v/access %q", name, stored, access), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						f, flow := person()
						f.renew = func(_ context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
							if n == 1 {
								return beside(prev)
							}
							if prev.RefreshToken != "second" {
								t.Errorf("sends %q", prev.RefreshToken)
							}
							return issue("renewed", time.Hour), nil
						}
						login := &auth.Credentials{AccessToken: access, RefreshToken: "first", Expiry: time.Now().Add(-time.Hour)}
						store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *login}}
						opt := auth.WithInitial(login)
						if stored {
							opt = auth.WithStore(store)
						}
						a := newAuthenticator(t, flow, opt)
						if c, err := a.Credentials(t.Context()); err == nil {
							t.Errorf("got %v", c)
						}
						if got := store.m[testKey].RefreshToken; stored && got != "second" {
							t.Errorf("stored is %q", got)
						}
						time.Sleep(2 * time.Second)
						if got := token(t, a); got != "renewed" {
							t.Errorf("got %q", got)
						}
					})
				})
			}
		}
	}
}
