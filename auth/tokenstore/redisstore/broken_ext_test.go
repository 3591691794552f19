package redisstore_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
	"github.com/jetway-go/jetway/configstore"
)

// A value that was broken in Redis costs no login: no process sends the refresh token that
// it has in memory, since another one may have replaced it. A new login mends the value.
func TestNoRefreshTokenIsSentWhileTheStoredLoginCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, breaking := range map[string]string{
		"truncated":         "\x01\x01\x00",
		"of another format": "\x02" + strings.Repeat("x", 200),
		"text":              "null",
		"huge":              strings.Repeat("\x01", 2<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := newServer(t), newRotation(t, false)
			store := s.store(t)
			must(t, store.Store(t.Context(), key, r.login(3*time.Second)))
			var all []*auth.Authenticator
			for range 3 {
				a := renewing(t, s.store(t), r)
				_, err := a.Credentials(t.Context())
				must(t, err)
				all = append(all, a)
			}
			spoil(t, s, breaking)
			time.Sleep(3 * time.Second)
			for _, a := range all {
				if c, err := a.Credentials(t.Context()); !errors.Is(err, redisstore.ErrUnreadable) || !errors.Is(err, auth.ErrLeaseRequired) {
					t.Errorf("%v, %v", c, err)
				}
			}
			if requests, forced := r.counts(); requests != 0 || forced != 0 {
				t.Errorf("%d requests, %d forced logins; want 0, 0", requests, forced)
			}
			must(t, store.Store(t.Context(), key, r.login(time.Hour)))
			for _, a := range all {
				eventually(t, 5*time.Second, func() error {
					_, err := a.Credentials(t.Context())
					return err
				})
			}
		})
	}
}

// spoil puts text in the place of the only login.
func spoil(t *testing.T, s *server, text string) {
	t.Helper()
	c := s.client(t)
	groups, err := c.Keys(t.Context(), "jetway:{*}").Result()
	must(t, err)
	for _, group := range groups {
		fields, err := c.HKeys(t.Context(), group).Result()
		must(t, err)
		for _, field := range fields {
			if strings.HasPrefix(field, "v:") {
				must(t, c.HSet(t.Context(), group, field, text).Err())
			}
		}
	}
}

// renewing is a program that shares the login of key.
func renewing(t *testing.T, store auth.Store, r *rotation) *auth.Authenticator {
	t.Helper()
	env := auth.Env{
		Endpoint: key.Endpoint, HTTP: http.DefaultClient,
		Config: configstore.Static(configstore.ClientConfig{TokenEndpoint: r.url, ClientID: "cli"}),
	}
	a := auth.New(key, flow.Stored{}, env, auth.WithStore(store))
	t.Cleanup(func() { _ = a.Close() })
	return a
}

