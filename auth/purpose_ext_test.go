package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// A key that sets nothing matches any; a field that is set and differs never does; a login
// that does not say what it was made for matches all.
func TestKeyMatchesWhatALoginWasMadeFor(t *testing.T) {
	t.Parallel()
	base := auth.Key{Endpoint: "flyte.example.com", Flow: auth.StoredFlow, User: "ann", Profile: "p"}
	with := func(client, audience string) auth.Key {
		k := base
		k.ClientID, k.Audience = client, audience
		return k
	}
	for _, tt := range []struct {
		name          string
		asked, stored auth.Key
		creds         *auth.Credentials
		want          bool
	}{
		{"the same", with("a", "x"), with("a", "x"), nil, true},
		{"asks for any", base, with("a", "x"), &auth.Credentials{ClientID: "a", Audience: "x"}, true},
		{"another client in the key", with("b", ""), with("a", ""), nil, false},
		{"another client in the login", with("b", ""), base, &auth.Credentials{ClientID: "a"}, false},
		{"another client in the login, whatever the key says", with("b", ""), with("b", ""), &auth.Credentials{ClientID: "a"}, false},
		{"another audience in the key", with("", "y"), with("", "x"), nil, false},
		{"another audience in the login", with("", "y"), base, &auth.Credentials{Audience: "x"}, false},
		{"no audience was asked for", with("", "y"), base, &auth.Credentials{PurposeKnown: true}, false},
		{"an older program's or another tool's", with("b", "y"), base, &auth.Credentials{AccessToken: "t"}, true},
		{"an older program's of that client", with("b", "y"), with("b", ""), &auth.Credentials{ClientID: "b"}, true},
		{"another endpoint", with("", ""), auth.Key{Endpoint: "h", Flow: base.Flow, User: "ann", Profile: "p"}, nil, false},
		{"another flow", with("", ""), auth.Key{Endpoint: base.Endpoint, Flow: "f", User: "ann", Profile: "p"}, nil, false},
		{"another user", with("", ""), auth.Key{Endpoint: base.Endpoint, Flow: base.Flow, User: "bob", Profile: "p"}, nil, false},
		{"another profile", with("", ""), auth.Key{Endpoint: base.Endpoint, Flow: base.Flow, User: "ann"}, nil, false},
	} {
		if got := tt.asked.Matches(tt.stored, tt.creds); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// purposeStores are the stores that find logins in different ways.
func purposeStores(t *testing.T) map[string]auth.Store {
	t.Helper()
	return map[string]auth.Store{
		"file":     &tokenstore.FileStore{Dir: t.TempDir(), LockDir: t.TempDir()},
		"memory":   &tokenstore.MemoryStore{},
		"fallback": &tokenstore.FallbackStore{Stores: []auth.Store{&tokenstore.FileStore{Dir: t.TempDir(), LockDir: t.TempDir()}, &tokenstore.MemoryStore{}}},
		"a Lister": newDatabase(),
	}
}

// purposeful logs a person in for a client and an audience, and counts the logins. Its tokens are
// named after them.
func purposeful(client, audience, scope string) (*fakeFlow, auth.Flow) {
	f := &fakeFlow{traits: auth.Traits{Name: auth.StoredFlow, Interactive: true, ClientID: client, Audience: audience, Scope: scope}}
	made := func(_ context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
		c := issue(fmt.Sprintf("%s/%s/%s/%d", client, audience, scope, n), time.Hour)
		c.RefreshToken, c.ClientID, c.Audience, c.Scope, c.PurposeKnown = "r", client, audience, scope, true
		return c, nil
	}
	f.obtain, f.renew = made, made
	return f, renewable{f}
}

func loggedIn(t *testing.T, s auth.Store, f auth.Flow, opts ...auth.Option) string {
	t.Helper()
	env := auth.Env{Endpoint: testKey.Endpoint, Prompter: auth.Terminal(nil, &bytes.Buffer{})}
	a := auth.New(auth.Key{Endpoint: testKey.Endpoint}, f, env, append(opts, auth.WithStore(s))...)
	t.Cleanup(func() { _ = a.Close() })
	c, err := a.Credentials(t.Context())
	if err == nil && c == nil { // the server would reject the call
		c, err = a.Refresh(t.Context(), nil)
	}
	if err != nil {
		return err.Error()
	}
	return c.AccessToken
}

// Another client or audience than that of the stored login means another login, beside it.
func TestStoredLoginServesOnlyWhatItWasMadeFor(t *testing.T) {
	t.Parallel()
	for name, s := range purposeStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range [][2]string{{"a", "x"}, {"b", "x"}, {"a", "y"}, {"a", ""}} {
				for range 2 {
					_, flow := purposeful(p[0], p[1], "")
					want := p[0] + "/" + p[1] + "//1"
					if p == [2]string{"a", ""} { // sets no audience: any
						want = "a/y//1"
					}
					if got := loggedIn(t, s, flow); got != want {
						t.Errorf("a program for %v calls with %s, want %s", p, got, want)
					}
				}
			}
			// A program without a flow finds the newest.
			_, flow := purposeful("", "", "")
			if got := loggedIn(t, s, flow); got != "a/y//1" {
				t.Errorf("a program that sets nothing calls with %s", got)
			}
		})
	}
}

// A refreshed login goes back to where it was found: there is no second one with a used up
// refresh token.
func TestRefreshedLoginReplacesTheOneThatWasFound(t *testing.T) {
	t.Parallel()
	for name, s := range purposeStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := auth.Key{Endpoint: testKey.Endpoint, ClientID: "a", Audience: "x", Flow: auth.StoredFlow}
			old := issue("old", time.Hour)
			old.Expiry, old.RefreshToken, old.ClientID = time.Now().Add(-time.Minute), "r0", "a"
			if err := s.Store(t.Context(), key, old); err != nil {
				t.Fatal(err)
			}
			fake, flow := purposeful("", "", "")
			fake.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
				c := issue("new", time.Hour)
				c.RefreshToken, c.ClientID = "r1", "a"
				return c, nil
			}
			if got := loggedIn(t, s, flow); got != "new" {
				t.Errorf("got %s", got)
			}
			keys, _ := s.(auth.Lister).List(t.Context())
			if c, err := s.Retrieve(t.Context(), key); err != nil || c.RefreshToken != "r1" || len(keys) != 1 {
				t.Errorf("%v, %v; stored are %v", c, err, keys)
			}
		})
	}
}

// A logout under a key that matches several logins deletes them all, and no other.
func TestLogoutDeletesEveryLoginThatItsKeyMatches(t *testing.T) {
	t.Parallel()
	for name, s := range purposeStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range [][2]string{{"a", "x"}, {"a", "y"}, {"b", "x"}} {
				_, flow := purposeful(p[0], p[1], "")
				loggedIn(t, s, flow)
			}
			fake := &fakeFlow{traits: auth.Traits{Name: auth.StoredFlow, Interactive: true, ClientID: "a"}}
			a := auth.New(auth.Key{Endpoint: testKey.Endpoint}, fake, auth.Env{}, auth.WithStore(s))
			defer a.Close()
			if err := a.Logout(t.Context()); err != nil {
				t.Fatal(err)
			}
			keys, _ := s.(auth.Lister).List(t.Context())
			if len(keys) != 1 || keys[0].ClientID != "b" {
				t.Errorf("left %v", keys)
			}
		})
	}
}

// plainStore compares keys for equality and says nothing of itself. It may be careless
// about them too.
type plainStore struct {
	mapStore

	careless bool
}

func (s *plainStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	if s.careless {
		k.ClientID, k.Audience = "", ""
	}
	return s.mapStore.Retrieve(ctx, k)
}

// A store that hands out another client's login cannot make a program use it.
func TestLoginOfACarelessStoreIsChecked(t *testing.T) {
	t.Parallel()
	s := &plainStore{careless: true}
	theirs := issue("theirs", time.Hour)
	theirs.ClientID = "a"
	_ = s.Store(t.Context(), auth.Key{Endpoint: testKey.Endpoint, Flow: auth.StoredFlow}, theirs)
	var log bytes.Buffer
	_, flow := purposeful("b", "", "")
	if got := loggedIn(t, s, flow, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))); got != "b///1" {
		t.Errorf("got %s", got)
	}
	if !strings.Contains(log.String(), "made for another client") {
		t.Errorf("log: %s", log.String())
	}
}

// What a program stored before it set an audience, or before the client of its flow was
// part of the key, is found, refreshed and deleted where it is.
func TestUpgradeLogsNoOneOut(t *testing.T) {
	t.Parallel()
	all := purposeStores(t)
	all["exact"] = &plainStore{}
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := auth.Key{Endpoint: testKey.Endpoint, Flow: auth.StoredFlow}
			old := issue("old", time.Hour)
			old.ClientID = "a"
			if err := s.Store(t.Context(), before, old); err != nil {
				t.Fatal(err)
			}
			fake, flow := purposeful("a", "x", "")
			if got := loggedIn(t, s, flow); got != "old" {
				t.Errorf("got %s", got)
			}
			a := auth.New(auth.Key{Endpoint: testKey.Endpoint}, flow, auth.Env{}, auth.WithStore(s))
			defer a.Close()
			if err := a.Logout(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c, err := s.Retrieve(t.Context(), before); !errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("after the logout: %v, %v", c, err)
			}
			if obtained, _ := fake.counts(); obtained != 0 {
				t.Errorf("%d logins", obtained)
			}
		})
	}
}

// More scopes than the stored login asked for need a new login; fewer, or the same in
// another order, do not.
func TestWiderScopesNeedANewLogin(t *testing.T) {
	t.Parallel()
	s := &tokenstore.MemoryStore{}
	for _, tt := range []struct{ asked, want string }{
		{"", "///1"}, {"read", "//read/1"}, {"read write", "//read write/1"}, {"write read", "//read write/1"},
		{"write", "//read write/1"}, {"", "//read write/1"}, {"write admin", "//write admin/1"},
	} {
		var log bytes.Buffer
		before, _ := s.Retrieve(t.Context(), auth.Key{Endpoint: testKey.Endpoint, Flow: auth.StoredFlow})
		_, flow := purposeful("", "", tt.asked)
		got := loggedIn(t, s, flow, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if got != tt.want {
			t.Errorf("scopes %q: calls with %s, want %s", tt.asked, got, tt.want)
		}
		replaced := before != nil && before.AccessToken != got
		if logged := strings.Contains(log.String(), "asked for fewer scopes"); logged != replaced {
			t.Errorf("scopes %q: replaced %v, logged %v", tt.asked, replaced, logged)
		}
	}
}

// Where no login can be made, with fewer scopes is better than none, and the log says so.
func TestNarrowerLoginServesWhereNoNewOneCanBeMade(t *testing.T) {
	t.Parallel()
	for name, prompter := range map[string]auth.Prompter{"no Prompter": nil, "a flow that makes none": auth.Terminal(nil, &bytes.Buffer{})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &tokenstore.MemoryStore{}
			_, flow := purposeful("", "", "read")
			loggedIn(t, s, flow)
			var log bytes.Buffer
			fake, flow := purposeful("", "", "")
			fake.obtain = failing(auth.ErrInteractionRequired)
			a := auth.New(auth.Key{Endpoint: testKey.Endpoint}, flow, auth.Env{Prompter: prompter},
				auth.WithStore(s), auth.WithScope("read write"), auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			defer a.Close()
			c, err := a.Credentials(t.Context())
			if err == nil && c == nil {
				c, err = a.Refresh(t.Context(), nil)
			}
			if err != nil || c.AccessToken != "//read/1" {
				t.Errorf("%v, %v", c, err)
			}
			if n := strings.Count(log.String(), "no new login can be made here"); n != 1 {
				t.Errorf("%d warnings: %s", n, log.String())
			}
			if c, err := a.Credentials(t.Context()); err != nil || c == nil {
				t.Errorf("the next call: %v, %v", c, err)
			}
		})
	}
}

// A program that sets nothing and whose login was refused goes on with one that was made for
// another audience, and then with a newer one.
func TestLoginThatEndedGivesWayToAnotherThatTheKeyMatches(t *testing.T) {
	t.Parallel()
	for name, s := range purposeStores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			put := func(audience string, age time.Duration) {
				c := issue(audience, time.Hour)
				c.IssuedAt, c.Expiry, c.RefreshToken, c.Audience = c.IssuedAt.Add(-age), c.Expiry.Add(-age), "refresh "+audience, audience
				k := auth.Key{Endpoint: testKey.Endpoint, Audience: audience, Flow: auth.StoredFlow}
				if err := s.Store(t.Context(), k, c); err != nil {
					t.Fatal(err)
				}
			}
			put("ended", 2*time.Hour)
			put("good", 3*time.Hour)
			f, flow := purposeful("", "", "")
			f.renew = func(_ context.Context, _ int, prev *auth.Credentials) (*auth.Credentials, error) {
				if prev.Audience == "ended" {
					return nil, fmt.Errorf("%w: invalid_grant", auth.ErrRejected)
				}
				c := issue(prev.Audience+" again", time.Hour)
				c.RefreshToken, c.Audience = prev.RefreshToken, prev.Audience
				return c, nil
			}
			a := auth.New(auth.Key{Endpoint: testKey.Endpoint}, flow, auth.Env{}, auth.WithStore(s))
			defer a.Close()
			if err := call(t.Context(), a, func(token string) bool { return token == "good again" }); err != nil {
				t.Error(err)
			}
			put("newest", -time.Second)
			if err := call(t.Context(), a, func(token string) bool { return token == "newest" }); err != nil {
				t.Error(err)
			}
			if n, renewed := f.counts(); n != 0 || renewed != 2 {
				t.Errorf("%d logins, %d refreshes", n, renewed)
			}
		})
	}
}

// A login with fewer scopes whose refresh token is refused, where no new one can be made: the
// token is sent once, the call says what to do, and the login that follows knows why.
func TestNarrowerLoginThatIsRefusedEndsOnce(t *testing.T) {
	t.Parallel()
	s := &tokenstore.MemoryStore{}
	_, flow := purposeful("", "", "read")
	loggedIn(t, s, flow)
	f, flow := purposeful("", "", "")
	wide := f.obtain
	f.obtain, f.renew = failing(auth.ErrInteractionRequired), failing(fmt.Errorf("%w: invalid_grant", auth.ErrRejected))
	env := auth.Env{Prompter: auth.Terminal(nil, &bytes.Buffer{})}
	for range 2 {
		a := auth.New(auth.Key{Endpoint: testKey.Endpoint}, flow, env, auth.WithStore(s), auth.WithScope("read write"))
		t.Cleanup(func() { _ = a.Close() })
		err := call(t.Context(), a, never)
		if _, renewed := f.counts(); renewed != 1 || !errors.Is(err, auth.ErrInteractionRequired) || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("%d refreshes, %v", renewed, err)
		}
	}
	var told string
	f.obtain = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
		if prev != nil {
			told = prev.Ended
		}
		return wide(ctx, n, prev)
	}
	a := auth.New(auth.Key{Endpoint: testKey.Endpoint}, flow, env, auth.WithStore(s), auth.WithScope("read write"))
	defer a.Close()
	if err := call(t.Context(), a, func(token string) bool { return strings.HasPrefix(token, "///") }); err != nil || !strings.Contains(told, "invalid_grant") {
		t.Errorf("%v; the flow was told %q", err, told)
	}
}
