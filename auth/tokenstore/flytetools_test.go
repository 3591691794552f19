package tokenstore

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

func textLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
}

const host = "flyte.example.com"

func TestKeyringFindsLoginsOfFlytesTools(t *testing.T) {
	t.Parallel()
	expiry := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	for name, c := range map[string]struct {
		items []fakeItem
		want  auth.Credentials
	}{
		"flyte-sdk": {
			[]fakeItem{{host, "tokens", `{"access_token": "a", "refresh_token": "r"}`, pythonKeyring}},
			auth.Credentials{AccessToken: "a", RefreshToken: "r"},
		},
		"flyte-sdk without refresh token": {
			[]fakeItem{{host, "tokens", `{"access_token": "a", "refresh_token": null}`, pythonKeyring}}, auth.Credentials{AccessToken: "a"},
		},
		"flyte-sdk with more in it": {
			[]fakeItem{{host, "tokens", `{"access_token": "a", "refresh_token": "r", "id_token": {}}`, pythonKeyring}},
			auth.Credentials{AccessToken: "a", RefreshToken: "r"},
		},
		"its predecessor": {
			[]fakeItem{{host, "access_token", "a", pythonKeyring}, {host, "refresh_token", "r", pythonKeyring}}, auth.Credentials{AccessToken: "a", RefreshToken: "r"},
		},
		"its predecessor, one item": {[]fakeItem{{host, "refresh_token", "r", pythonKeyring}}, auth.Credentials{RefreshToken: "r"}},
		"the newer one first": {
			[]fakeItem{{host, "tokens", `{"access_token": "new"}`, pythonKeyring}, {host, "access_token", "old", pythonKeyring}}, auth.Credentials{AccessToken: "new"},
		},
		"unusable, then usable": {
			[]fakeItem{{host, "tokens", `{`, pythonKeyring}, {host, "access_token", "old", pythonKeyring}}, auth.Credentials{AccessToken: "old"},
		},
		"flytectl": {
			[]fakeItem{{"flytectl", "dns:///" + host + ":flytectl-user",
				`{"access_token":"a","token_type":"Bearer","refresh_token":"r","expiry":"2031-05-06T09:08:09+02:00"}`, ""}},
			auth.Credentials{AccessToken: "a", RefreshToken: "r", TokenType: "Bearer", Expiry: expiry},
		},
		"flytectl, no scheme": {
			[]fakeItem{{"flytectl", host + ":flytectl-user", `{"access_token":"a","expiry":"0001-01-01T00:00:00Z"}`, ""}},
			auth.Credentials{AccessToken: "a"},
		},
	} {
		s, f := newFlyteTools(linuxHost())
		f.items = c.items
		got, err := s.Retrieve(t.Context(), personKey())
		if err != nil || *got != c.want {
			t.Errorf("%s: %v, got %+v", name, err, got)
		}
		// A machine's login, another person's, and another profile are none of those.
		for _, k := range []auth.Key{{Endpoint: host, Flow: "client_credentials"}, {Endpoint: host, Flow: auth.StoredFlow, User: "ann"}, {Endpoint: host, Flow: auth.StoredFlow, Profile: "proxy"}} {
			if c, err := s.Retrieve(t.Context(), k); !errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("%s: %+v found %v, %v", name, k, c, err)
			}
			if err := s.Delete(t.Context(), k); err != nil || len(f.items) != len(c.items) {
				t.Errorf("%s: deleting %+v left %s, %v", name, k, f.names(), err)
			}
		}
		// After our Delete no tool finds a token.
		if err := s.Delete(t.Context(), personKey()); err != nil || f.names() != "" {
			t.Errorf("%s: left %s, %v", name, f.names(), err)
		}
	}
}

func TestKeyringItemsOfOthersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"ey.secret.token", `{"access_token":""}`, `{"access_token":7}`, `{"access_token":"a\u0000"}`, `[]`, `"ey.secret.token"`, `{"access_token":"a"}` + strings.Repeat(" ", auth.MaxEncoded)} {
		var logged strings.Builder
		s, f := newFlyteTools(linuxHost())
		s.Keyring.Logger = textLogger(&logged)
		f.put(host, "tokens", value)
		for range 2 {
			if c, err := s.Retrieve(t.Context(), personKey()); c != nil || !errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("%.20q: %v, %v", value, c, err)
			}
		}
		if n := strings.Count(logged.String(), "level=WARN"); n != 1 || strings.Contains(logged.String(), "ey.sec") {
			t.Errorf("%.20q: %s", value, logged.String())
		}
	}
}

// A login that was found elsewhere has one refresh token for both: what we renew
// goes back there, and what they renew counts here.
func TestKeyringSharesARenewedImport(t *testing.T) {
	t.Parallel()
	for _, items := range [][]fakeItem{
		{{host, "tokens", `{"access_token":"a0","refresh_token":"r0"}`, pythonKeyring}},
		{{host, "access_token", "a0", pythonKeyring}, {host, "refresh_token", "r0", pythonKeyring}},
		{{"flytectl", "dns:///" + host + ":flytectl-user", `{"access_token":"a0","refresh_token":"r0"}`, ""}},
	} {
		s, f := newFlyteTools(linuxHost())
		f.items = slices.Clone(items) // what theirs were is asked below
		if c, err := s.Retrieve(t.Context(), personKey()); err != nil || c.RefreshToken != "r0" {
			t.Fatalf("%v, %v", c, err)
		}
		if err := s.Store(t.Context(), personKey(), &auth.Credentials{AccessToken: "a1", RefreshToken: "r1", HeaderKey: "flyte-authorization", TokenOrigin: "https://idp.example"}); err != nil {
			t.Fatal(err)
		}
		next := &FlyteTools{Keyring: keyringOf(f, linuxHost())}
		if c, err := next.Retrieve(t.Context(), personKey()); err != nil || c.AccessToken != "a1" || c.HeaderKey != "flyte-authorization" {
			t.Errorf("%v, %v", c, err)
		}
		for _, i := range items {
			if v := f.value(i.service, i.user); strings.Contains(v, "0\"") || strings.HasSuffix(v, "0") || v == "" {
				t.Errorf("%s still holds %s", i.user, v)
			}
		}
		// Now the other tool renews, and finds its own items to replace.
		names := f.names()
		for _, i := range items {
			renewed := strings.NewReplacer("a1", "a2", "r1", "r2").Replace(f.value(i.service, i.user))
			if err := f.setAs(i.service, i.user, renewed, i.application); err != nil || f.names() != names {
				t.Errorf("%v; %s became %s", err, names, f.names())
			}
		}
		c, err := next.Retrieve(t.Context(), personKey())
		if err != nil || c.AccessToken != "a2" || c.RefreshToken != "r2" || c.HeaderKey != "flyte-authorization" || c.TokenOrigin != "https://idp.example" {
			t.Errorf("%v, %+v", err, c) // the other tool does not say where it has renewed: it is still bound
		}
		// A tool of yet another mark makes second items of their names. We renew, and all read ours.
		for _, i := range items {
			f.put(i.service, i.user, strings.NewReplacer("a2", "ax", "r2", "rx").Replace(f.value(i.service, i.user)))
		}
		if err := next.Store(t.Context(), personKey(), &auth.Credentials{AccessToken: "a3", RefreshToken: "r3"}); err != nil {
			t.Fatal(err)
		}
		for _, i := range items {
			if v := f.value(i.service, i.user); !strings.Contains(v, "3") {
				t.Errorf("%s holds %s", i.user, v)
			}
		}
		if err := next.Delete(t.Context(), personKey()); err != nil || f.names() != "" {
			t.Errorf("left %s, %v", f.names(), err)
		}
	}
}

// flyte-sdk forgets a refresh token that an answer does not repeat; it is still good.
func TestKeyringKeepsARefreshTokenThatFlyteDropped(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	s.Mirror = true
	if err := s.Store(t.Context(), personKey(), login("1")); err != nil {
		t.Fatal(err)
	}
	f.put(host, "tokens", `{"access_token": "access-2", "refresh_token": null}`)
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || c.AccessToken != "access-2" || c.RefreshToken != "refresh-1" {
		t.Errorf("%v, %v", c, err)
	}
}

func TestKeyringLeavesNoOldHalf(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	f.items = []fakeItem{{host, "access_token", "a0", pythonKeyring}, {host, "refresh_token", "r0", pythonKeyring}}
	if _, err := s.Retrieve(t.Context(), personKey()); err != nil {
		t.Fatal(err)
	}
	if err := s.Store(t.Context(), personKey(), &auth.Credentials{AccessToken: "a1"}); err != nil {
		t.Fatal(err)
	}
	if a, r := f.value(host, "access_token"), f.value(host, "refresh_token"); a != "a1" || r != "" {
		t.Errorf("its predecessor finds %q and %q", a, r)
	}
}

func TestKeyringLeavesALoginOfItsOwnAlone(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	if err := s.Store(t.Context(), personKey(), login("ours")); err != nil {
		t.Fatal(err)
	}
	if v := f.value(host, "tokens"); v != "" {
		t.Errorf("without Mirror flyte-sdk finds %s", v)
	}
	f.put(host, "tokens", `{"access_token":"theirs"}`)
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, login("ours")) {
		t.Errorf("got %v, %v", c, err)
	}
	if err := s.Store(t.Context(), personKey(), login("renewed")); err != nil || f.value(host, "tokens") != `{"access_token":"theirs"}` {
		t.Errorf("%v, theirs is %s", err, f.value(host, "tokens"))
	}
}

func TestKeyringMirror(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host *keyringHost
		key  auth.Key
		want string
	}{
		{linuxHost(), personKey(), `{"access_token":"access-x","refresh_token":"refresh-x"}`},
		{windowsHost(), personKey(), ""}, // Python would not find it
		{linuxHost(), auth.Key{Endpoint: host, Flow: "client_credentials"}, ""},
	} {
		s, f := newFlyteTools(c.host)
		s.Mirror = true
		if err := s.Store(t.Context(), c.key, login("x")); err != nil {
			t.Fatal(err)
		}
		if got := f.value(host, "tokens"); got != c.want {
			t.Errorf("%s, %s: flyte-sdk finds %q", c.host.goos, c.key.Flow, got)
		}
		if err := s.Delete(t.Context(), c.key); err != nil || f.names() != "" {
			t.Errorf("left %s, %v", f.names(), err)
		}
	}
}

// Flyte's item holds two tokens; whatever else is known of the login stays with it.
func TestKeyringMirrorKeepsEveryField(t *testing.T) {
	t.Parallel()
	s, _ := newFlyteTools(linuxHost())
	s.Mirror = true
	want := *login("x")
	want.TokenType, want.HeaderKey, want.ClientID = "token", "flyte-authorization", "cli"
	want.TokenOrigin, want.RevocationOrigin = "https://idp.example", "https://accounts.idp.example"
	want.IssuedAt = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	want.Expiry = want.IssuedAt.Add(time.Hour)
	if err := s.Store(t.Context(), personKey(), &want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Retrieve(t.Context(), personKey()); err != nil || *got != want {
		t.Errorf("%v, %v", err, got)
	}
}

// A value that the platform does not take is not even tried: on macOS that would
// leave a process behind.
func TestKeyringSharesNothingThatIsTooLong(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(windowsHost())
	f.limit = 0
	f.items = []fakeItem{{"flytectl", host + ":flytectl-user", `{"access_token":"a0","refresh_token":"r0"}`, ""}}
	if _, err := s.Retrieve(t.Context(), personKey()); err != nil {
		t.Fatal(err)
	}
	if err := s.Store(t.Context(), personKey(), long("new", 9_000)); err != nil {
		t.Fatal(err)
	}
	for _, i := range f.items {
		if len(i.value) > limitWindows {
			t.Errorf("%s/%s holds %d bytes", i.service, i.user, len(i.value))
		}
	}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, long("new", 9_000)) {
		t.Errorf("got %s, %v", describeTokens(c), err)
	}
}

// What another tool keeps cannot be read: that is not the same as nothing.
func TestKeyringThatHidesAnImport(t *testing.T) {
	t.Parallel()
	for _, mirror := range []bool{false, true} {
		s, f := newFlyteTools(linuxHost())
		if s.Mirror = mirror; mirror {
			if err := s.Store(t.Context(), personKey(), login("x")); err != nil {
				t.Fatal(err)
			}
		}
		f.fail(func(_ int, _, _, user string) error {
			if user == "tokens" {
				return errKeyringLockedByDaemon
			}
			return nil
		})
		if c, err := s.Retrieve(t.Context(), personKey()); !errors.Is(err, ErrKeyringLocked) || errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("mirror %v: %v, %v", mirror, c, err)
		}
	}
}

func TestKeyringMirrorThatFails(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	s, f := newFlyteTools(linuxHost())
	s.Mirror, s.Keyring.Logger = true, textLogger(&logged)
	f.fail(func(_ int, op, _, user string) error {
		if op == "set" && user == "tokens" {
			return errKeyringLockedByDaemon
		}
		return nil
	})
	for range 2 {
		if err := s.Store(t.Context(), personKey(), login("x")); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, login("x")) {
		t.Errorf("got %v, %v", c, err)
	}
	if strings.Count(logged.String(), "level=WARN") != 1 {
		t.Errorf("log: %s", logged.String())
	}
}

// A refresh token that died takes its own items along, not a newer login.
func TestKeyringDiscardsOnlyTheDead(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	if err := s.Store(t.Context(), personKey(), login("dead")); err != nil {
		t.Fatal(err)
	}
	f.put(host, "access_token", "access-dead")
	f.put(host, "refresh_token", "refresh-dead")
	f.put(host, "tokens", `{"access_token":"alive","refresh_token":"alive"}`)
	if err := s.Discard(t.Context(), personKey(), login("dead")); err != nil {
		t.Fatal(err)
	}
	if got := f.names(); got != host+"/tokens" {
		t.Errorf("left %s", got)
	}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || c.AccessToken != "alive" {
		t.Errorf("got %v, %v", c, err)
	}
}

// Once an imported login has died, the next one is not the other tool's.
func TestKeyringSharesNothingAfterTheImportDied(t *testing.T) {
	t.Parallel()
	s, f := newFlyteTools(linuxHost())
	f.items = []fakeItem{{host, "tokens", `{"access_token":"a0","refresh_token":"r0"}`, pythonKeyring}}
	c, err := s.Retrieve(t.Context(), personKey())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Discard(t.Context(), personKey(), c); err != nil || f.names() != "" {
		t.Fatalf("left %s, %v", f.names(), err)
	}
	if err := s.Store(t.Context(), personKey(), login("ours")); err != nil {
		t.Fatal(err)
	}
	if v := f.value(host, "tokens"); v != "" {
		t.Errorf("flyte-sdk finds %s", v)
	}
}

// Whatever lies in a keyring: no panic, no quoting, and a login that is
// understood can be stored.
func FuzzKeyringValues(f *testing.F) {
	f.Add(`{"version":1,"set":"a","parts":2,"sha256":"x"}`)
	f.Add(`{"version":1,"login":{"version":1,"credentials":{"access_token":"a"}}}`)
	f.Add(`{"access_token":"a","refresh_token":null,"expiry":"2031-05-06T09:08:09+02:00"}`)
	f.Add(`{"access_token":"a","expiry":"9999-12-31T23:59:59-01:00"}`)
	f.Add("\x00\xff")
	f.Fuzz(func(t *testing.T, value string) {
		if v, err := decodeKeyringValue(value); err == nil && (v.Parts < 0 || v.Parts > maxParts || v.Parts == 0 && len(v.Login) == 0) {
			t.Errorf("accepted %+v", v)
		} else if err != nil && len(err.Error()) > 120 {
			t.Errorf("a long error: %v", err)
		}
		for _, l := range layouts() {
			values := []string{value, value}[:len(l.items("h"))]
			c, err := l.decode(values)
			if err != nil {
				if c != nil || len(err.Error()) > 120 {
					t.Errorf("%s: %v with %v", l.name, err, c)
				}
				continue
			}
			again, err := l.encode(c)
			if err != nil {
				t.Fatalf("%s: %v", l.name, err)
			}
			if back, err := l.decode(again); err != nil || !sameTokens(back, c) {
				t.Errorf("%s: came back as %v, %v", l.name, back, err)
			}
		}
		for _, size := range []int{4, 7, 100} {
			parts := split(value, size)
			for _, p := range parts {
				if len(p) > size {
					t.Errorf("a part of %d bytes, want %d", len(p), size)
				}
			}
			if strings.Join(parts, "") != value {
				t.Error("parts do not make the whole")
			}
		}
	})
}
