package login_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// lifeScenarios are what comes after a login.
func lifeScenarios() []scenario {
	return []scenario{
		{"rotation and reuse", rotationAndReuse},
		{"logout", logout},
		{"expiry", expiry},
		{"two machines", twoMachines},
		{"token file", tokenFile},
	}
}

// A used refresh token that comes again means that somebody has a copy (RFC 9700
// §4.14.2).
func rotationAndReuse(t *testing.T, p *provider) {
	// Given a login,
	prog := p.start(t, browser(p, &person{}), nobody{}, nil)
	prog.mustBe(user)
	first := prog.login()
	// when the backend no longer takes its token,
	prog.backend.distrust(first.AccessToken)
	prog.mustBe(user)
	// then it is renewed, by one request and without the person.
	second := prog.login()
	if prog.wire.sent("refresh_token") != 1 || prog.wire.sent("authorization_code") != 1 {
		t.Errorf("%d renewals and %d logins", prog.wire.sent("refresh_token"), prog.wire.sent("authorization_code"))
	}
	if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken || second.RefreshToken == "" {
		t.Error("the tokens were not replaced")
	}
	// When the used refresh token comes again,
	_, err := flow.Stored{}.Renew(t.Context(), prog.env, first)
	// then it is refused,
	wantRefusal(t, prog.hear(err), p.traits.UsedRefreshToken)
	// and most servers end the login, of the thief and of the owner.
	next := p.start(t, flow.Stored{}, nil, prog.kept)
	next.backend.distrust(second.AccessToken)
	who, err := next.whoami()
	if p.traits.ReuseForgiven {
		if err != nil || who != user {
			t.Errorf("called by %q, %v", who, err)
		}
		return
	}
	if !errors.Is(err, auth.ErrInteractionRequired) && !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want to be told to log in", err)
	}
	if c := next.kept.last(); c == nil || c.RefreshToken != "" || c.Ended == "" {
		t.Errorf("stored is %v, want a login without its refresh token that says why it ended", c)
	}
}

func logout(t *testing.T, p *provider) {
	// Given a login that two programs have,
	prog := p.start(t, browser(p, &person{}), nobody{}, nil)
	prog.mustBe(user)
	login := prog.login()
	next := p.start(t, flow.Stored{}, nil, prog.kept)
	next.mustBe(user)
	// when one logs out,
	if err := prog.hear(prog.set.Authenticator().Logout(t.Context())); err != nil {
		t.Fatal(err)
	}
	// then nothing is kept,
	if prog.kept.last() != nil {
		t.Error("the login is still kept")
	}
	// and no copy is worth anything, where the server can take tokens back.
	_, err := flow.Stored{}.Renew(t.Context(), prog.env, login)
	who, callErr := next.whoami()
	if p.traits.NoRevocation {
		if err != nil || callErr != nil || who != user {
			t.Errorf("renewal %v, call by %q %v; nobody took the tokens back", err, who, callErr)
		}
		return
	}
	wantRefusal(t, prog.hear(err), "invalid_grant")
	if status.Code(callErr) != codes.Unauthenticated {
		t.Errorf("called by %q, %v; want Unauthenticated", who, callErr)
	}
}

// Tokens end while a program works; nobody notices.
func expiry(t *testing.T, p *provider) {
	// Servers that count in whole seconds end a token up to a second early, which a
	// tenth of its life, the margin that the client leaves, makes up for. A second is left
	// for a call on a busy machine.
	const ttl = 20 * time.Second
	p = p.again(t, settings{tokenTTL: ttl})
	// Given a program at work, and a login that nobody uses for a while,
	prog := p.start(t, browser(p, &person{}), nobody{}, nil)
	prog.mustBe(user)
	idle := p.start(t, browser(p, &person{name: other}), nobody{}, nil)
	idle.mustBe(other)
	// when the tokens end,
	first := prog.login()
	for end := idle.login().Expiry.Add(time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		prog.mustBe(user)
	}
	// then the program got another one in time,
	if got := prog.login(); got.AccessToken == first.AccessToken {
		t.Error("the token was not replaced")
	}
	if prog.wire.sent("refresh_token") == 0 || prog.wire.sent("authorization_code") != 1 {
		t.Errorf("%d renewals and %d logins", prog.wire.sent("refresh_token"), prog.wire.sent("authorization_code"))
	}
	if got := prog.backend.rejected(); got != 1 { // the one that asked for the login
		t.Errorf("%d calls were rejected over an expired token", got-1)
	}
	// and who comes back to the idle login has it renewed before the first call.
	back := p.start(t, flow.Stored{}, nil, idle.kept)
	back.mustBe(other)
	if n := back.wire.sent(); n != 1 || back.backend.rejected() != 0 {
		t.Errorf("%d token requests and %d rejected calls, want 1 and 0", n, back.backend.rejected())
	}
}

// A person logs in on a second machine; the first goes on.
func twoMachines(t *testing.T, p *provider) {
	first := p.start(t, browser(p, &person{}), nobody{}, nil)
	first.mustBe(user)
	second := p.start(t, browser(p, &person{}), nobody{}, nil)
	second.mustBe(user)
	login := first.login()
	_, err := flow.Stored{}.Renew(t.Context(), first.env, login)
	if p.traits.OneLogin {
		wantRefusal(t, first.hear(err), p.traits.UsedRefreshToken)
		return
	}
	if err != nil {
		t.Error(first.hear(err))
	}
}

// Somebody else logs in and keeps a file up to date; a program reads it.
func tokenFile(t *testing.T, p *provider) {
	keeper := p.start(t, browser(p, &person{}), nobody{}, nil)
	keeper.mustBe(user)
	path := filepath.Join(t.TempDir(), "token")
	replace := func() {
		next := filepath.Join(filepath.Dir(path), "next")
		if err := os.WriteFile(next, []byte(keeper.login().AccessToken+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
	}
	replace()
	prog := p.start(t, flow.TokenFile{Path: path}, nil, nil)
	prog.mustBe(user)
	// The token is taken back and replaced; the call that notices is repeated.
	prog.backend.distrust(keeper.login().AccessToken)
	keeper.backend.distrust(keeper.login().AccessToken)
	keeper.mustBe(user)
	replace()
	prog.mustBe(user)
	if n := prog.wire.sent(); n != 0 || prog.backend.rejected() != 1 {
		t.Errorf("%d token requests and %d rejected calls, want 0 and 1", n, prog.backend.rejected())
	}
}
