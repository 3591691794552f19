package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// A server that does not answer, and one that is gone, keep no login here, and do not keep the
// others' servers from revoking theirs.
func TestLogoutOfAllWaitsForNoServer(t *testing.T) {
	t.Parallel()
	p := newPerson(t)
	for range 2 {
		p.must(t, "login", "--endpoint", approving(t, oauth.Config{}).URL(), "--browser", freePort)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	store := &tokenstore.FileStore{Dir: filepath.Join(p.home, "config", "jetway", "credentials")}
	for _, address := range []string{silent.Addr().String(), "127.0.0.1:1"} {
		key := auth.Key{Endpoint: address, Flow: auth.StoredFlow}
		if err := store.Store(t.Context(), key, &auth.Credentials{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if status := p.must(t, "auth-status", "-o", "json"); strings.Count(status, `"endpoint"`) != 4 {
		t.Errorf("logins: %s", status)
	}
	_, stderr, code := p.run(t, "logout", "--all", "--timeout", "4s")
	if code != 0 || strings.Count(stderr, "Logged out of") != 4 {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	for line := range strings.SplitSeq(stderr, "\n") {
		dead := strings.Contains(line, silent.Addr().String()) || strings.Contains(line, "127.0.0.1:1:")
		if strings.Contains(line, "not revoked") != (dead && strings.HasPrefix(line, "warning:")) {
			t.Errorf("it says %s", line)
		}
	}
	if keys, err := store.List(t.Context()); err != nil || len(keys) > 0 {
		t.Errorf("%d logins are still there, %v", len(keys), err)
	}
}
