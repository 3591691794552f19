package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// A backend refuses every new token, for the wrong audience say. Whatever calls there are,
// and however many processes share the login, the authorization server gets at most seven
// requests in the first minute, and one a minute in the end.
func TestNewTokensThatAreRefusedBackOff(t *testing.T) {
	t.Parallel()
	for _, processes := range []int{1, 50} {
		t.Run(fmt.Sprint(processes, " processes"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeFlow{obtain: tokens(10*time.Millisecond, time.Hour)}
				all := neighbours(t, processes, t.TempDir(), f)
				run := func(d time.Duration) {
					var wg sync.WaitGroup
					for _, a := range all {
						for range max(1, 20/processes) {
							wg.Go(func() {
								for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
									if err := call(t.Context(), a, never); status.Code(err) != codes.Unauthenticated {
										t.Errorf("got %v", err)
									}
								}
							})
						}
					}
					wg.Wait()
				}
				run(59 * time.Second)
				if n, _ := f.counts(); n < 5 || n > 7 {
					t.Errorf("%d requests in the first minute, want 7 at most", n)
				}
				before, _ := f.counts()
				if processes == 1 {
					run(10 * time.Minute)
					if n, _ := f.counts(); n-before > 11 {
						t.Errorf("%d requests in the next ten minutes", n-before)
					}
				}
			})
		})
	}
}

// Once a server takes a token, the refusals before it count no more.
func TestAcceptedTokenIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)})
		second, err := a.Refresh(t.Context(), mustCredentials(t, a))
		if err != nil {
			t.Fatal(err)
		}
		if c, err := a.Refresh(t.Context(), second); !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
			t.Fatalf("Refresh = %v, %v, want ErrRejected", c, err)
		}
		a.Accepted(second)
		if c, err := a.Refresh(t.Context(), second); err != nil || c.AccessToken != "token-3" || c.Refusals != 0 {
			t.Errorf("Refresh = %v, %v", c, err)
		}
	})
}

// lonely is a flow of people without refresh tokens.
func lonely() *fakeFlow {
	return &fakeFlow{traits: auth.Traits{Interactive: true}, obtain: tokens(10*time.Second, time.Hour)}
}

// One login whose token is refused is enough: no call and no process asks the person again
// before the next Login, not after the first minute either.
func TestPersonIsAskedOnceForALoginThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, dir := lonely(), t.TempDir()
		first := neighbours(t, 1, dir, f)[0]
		round := func(all ...*auth.Authenticator) {
			var wg sync.WaitGroup
			for _, a := range all {
				for range 20 {
					wg.Go(func() {
						if err := call(t.Context(), a, never); status.Code(err) != codes.Unauthenticated {
							t.Errorf("got %v", err)
						}
					})
				}
			}
			wg.Wait()
		}
		for range 20 {
			round(first)
			time.Sleep(time.Second)
		}
		others := neighbours(t, 50, dir, f)
		for range 5 {
			round(others...)
			time.Sleep(time.Minute)
		}
		round(neighbours(t, 1, dir, f)...)
		if n, _ := f.counts(); n != 1 {
			t.Errorf("the person was asked %d times, want once", n)
		}
		_, err := first.Refresh(t.Context(), mustCredentials(t, first))
		if !errors.Is(err, auth.ErrInteractionRequired) || !errors.Is(err, auth.ErrNotReplaced) || !strings.Contains(err.Error(), "call Login") {
			t.Errorf("got %v, want what to do", err)
		}
		// Login asks, and from then on a rejection of its accepted token may ask again.
		if err := first.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := call(t.Context(), first, always); err != nil {
			t.Fatal(err)
		}
		last := token(t, first)
		if err := call(t.Context(), first, func(token string) bool { return token != last }); err != nil {
			t.Error(err)
		}
		if n, _ := f.counts(); n != 3 {
			t.Errorf("the person was asked %d times, want 3", n)
		}
	})
}

func mustCredentials(t *testing.T, a *auth.Authenticator) *auth.Credentials {
	t.Helper()
	c, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// One method of many refuses a person's login: that is no reason to ask once a minute.
func TestPersonIsAskedOnceForAMethodThatRefusesAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := lonely()
		a := newAuthenticator(t, f)
		for range 600 {
			if err := call(t.Context(), a, never); status.Code(err) != codes.Unauthenticated {
				t.Fatal(err)
			}
			if err := call(t.Context(), a, always); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n, _ := f.counts(); n != 1 {
			t.Errorf("the person was asked %d times, want once", n)
		}
	})
}

// A login of yesterday that is rejected is the usual reason to ask, and so is one of this
// process that was accepted before.
func TestPersonIsAskedForALoginOfYesterday(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := lonely()
		f.obtain = tokens(0, 0)
		old := issue("yesterday", 0)
		old.IssuedAt = time.Now().Add(-24 * time.Hour)
		store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *old}}
		a := newAuthenticator(t, f, auth.WithStore(store))
		if err := call(t.Context(), a, func(token string) bool { return token == "token-1" }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := call(t.Context(), a, func(token string) bool { return token == "token-2" }); err != nil {
			t.Fatal(err)
		}
	})
}

// The error says what was asked for and what came, and shows no token.
func TestErrorOfARefusedTokenComparesWhatCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		claims := `{"aud":["https://other.example","b"],"scp":"read\u001b[31m","iss":"` + strings.Repeat("x", 5000) + `"}`
		n := 0
		f := &fakeFlow{obtain: func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			n++
			c := issue(fmt.Sprintf("h.%s.sig-%d", base64.RawURLEncoding.EncodeToString([]byte(claims)), n), time.Hour)
			c.TokenOrigin = "https://idp.example.com"
			return c, nil
		}}
		env := auth.Env{Config: configstore.Static(configstore.ClientConfig{Audience: "https://mine.example", Scopes: []string{"all", "offline"}})}
		a := auth.New(testKey, f, env)
		t.Cleanup(func() { _ = a.Close() })
		_ = call(t.Context(), a, never)
		err := call(t.Context(), a, never)
		for _, part := range []string{`audience "https://mine.example", scopes "all offline"`, `audience "https://other.example b"`, `scopes "read\x1b[31m"`} {
			if !strings.Contains(fmt.Sprint(err), part) {
				t.Errorf("%v does not say %s", err, part)
			}
		}
		if text := err.Error(); strings.Contains(text, "sig-") || strings.Contains(text, "h.") && strings.Contains(text, "eyJ") || len(text) > 900 {
			t.Errorf("%d bytes: %s", len(text), text)
		}
	})
}

// A token that was only found in the store does not count as the new one of a call.
func TestAdoptedTokenLeavesACallItsReplacement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(0, time.Hour)}
		store := &mapStore{}
		a := newAuthenticator(t, f, auth.WithStore(store))
		if c := mustCredentials(t, a); c.FromStore() {
			t.Error("what the flow returned counts as adopted")
		}
		time.Sleep(time.Second)
		if err := store.Store(t.Context(), testKey, issue("elsewhere", time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := call(t.Context(), a, func(token string) bool { return token == "token-2" }); err != nil {
			t.Error(err)
		}
	})
}

// That a server has taken a token is remembered while there is no other, and when only its
// refresh token changes.
func TestAcceptedTokenStaysAccepted(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]*auth.Credentials{"no answer": nil, "a rotated refresh token beside an error": {RefreshToken: "second"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, flow := person()
				good := f.renew
				f.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
					return answer, errors.New("503")
				}
				a := newAuthenticator(t, flow)
				if err := a.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				first := mustCredentials(t, a)
				a.Accepted(first)
				if c, err := a.Refresh(t.Context(), first); !errors.Is(err, auth.ErrNotReplaced) {
					t.Fatalf("got %v, %v, want ErrNotReplaced", c, err)
				}
				f.renew = good
				time.Sleep(time.Second)
				if c, err := a.Refresh(t.Context(), first); err != nil || c.AccessToken != "renewed" || c.Refusals != 0 {
					t.Errorf("got %v, %v; want a token before which none was refused", c, err)
				}
			})
		})
	}
}
