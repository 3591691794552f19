package authserver

import (
	"testing"
	"time"
)

// A server that runs for long drops tokens that expired long ago, and only those.
func TestRegistryForgetsOldTokens(t *testing.T) {
	t.Parallel()
	g := newRegistry()
	g.purge = 2
	start := time.Unix(1_800_000_000, 0)
	g.addAccess("old", tokenInfo{}, start, start.Add(time.Minute))
	g.addAccess("recent", tokenInfo{}, start, start.Add(3*time.Hour))

	g.addAccess("new", tokenInfo{}, start.Add(2*time.Hour), start.Add(4*time.Hour))

	for token, want := range map[string]bool{"old": false, "recent": true, "new": true} {
		if _, ok := g.lookup(token); ok != want {
			t.Errorf("%s: remembered = %t, want %t", token, ok, want)
		}
	}
}

// A token issued for a login that was revoked during the request is revoked from the
// start.
func TestRegistryEndsLoginsForGood(t *testing.T) {
	t.Parallel()
	g := newRegistry()
	now := time.Unix(1_800_000_000, 0)
	info := tokenInfo{client: "c", login: "l"}
	g.endLogin("l", "a test")

	g.addAccess("late", info, now, now.Add(time.Hour))

	if r, ok := g.lookup("late"); !ok || !r.revoked {
		t.Error("a late access token is good")
	}
	if _, ok := g.refreshable(g.addRefresh(info), "c", moment{}); ok {
		t.Error("a late refresh token is good")
	}
}

// Two requests may both have found a refresh token valid: the first one uses it up, the
// second one revokes the login.
func TestRegistryUsesUpOnce(t *testing.T) {
	t.Parallel()
	g := newRegistry()
	token := g.addRefresh(tokenInfo{client: "c", login: "l"})
	sibling := g.addRefresh(tokenInfo{client: "c", login: "l"})

	if _, ok := g.rotate(token, moment{}, successor{}); !ok {
		t.Error("first use refused")
	}
	if _, ok := g.rotate(token, moment{}, successor{}); ok {
		t.Error("second use allowed")
	}
	if _, ok := g.refreshable(sibling, "c", moment{}); ok {
		t.Error("the login outlived the reuse")
	}
}
