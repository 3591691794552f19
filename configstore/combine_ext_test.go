package configstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
)

// failing answers c and err.
func failing(c configstore.ClientConfig, err error) configstore.ClientConfigStore {
	return configstore.Func(func(context.Context) (configstore.ClientConfig, error) { return c, err })
}

func TestWithOverride(t *testing.T) {
	t.Parallel()
	full := func(p string) configstore.ClientConfig {
		return configstore.ClientConfig{TokenEndpoint: p + "1", AuthorizationEndpoint: p + "2", DeviceAuthorizationEndpoint: p + "3",
			RevocationEndpoint: p + "4", RedirectURI: p + "5", ClientID: p + "6", Scopes: []string{p + "7"}, Audience: p + "8",
			HeaderKey: p + "9", Issuer: p + "10", AuthMethods: []string{p + "11"}, IssRequired: p == "remote"}
	}
	remote, local := full("remote"), full("local")
	for name, c := range map[string]struct{ base, over, want configstore.ClientConfig }{
		"nothing set locally":         {remote, configstore.ClientConfig{}, remote},
		"empty lists blank nothing":   {remote, configstore.ClientConfig{Scopes: []string{}, AuthMethods: []string{}}, remote},
		"everything set locally":      {configstore.ClientConfig{}, local, local},
		"local wins, promises remain": {remote, local, func() configstore.ClientConfig { c := local; c.IssRequired = true; return c }()},
	} {
		if diff := cmp.Diff(c.want, c.base.WithOverride(c.over)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestStaticKeepsACopy(t *testing.T) {
	t.Parallel()
	mine := configstore.ClientConfig{ClientID: "cli", Scopes: []string{"all"}}
	store := configstore.Static(mine)
	mine.Scopes[0] = "spoiled"
	first, err := store.ClientConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first.Scopes[0] = "spoiled too"
	if got, err := store.ClientConfig(t.Context()); err != nil || got.Scopes[0] != "all" {
		t.Errorf("got %+v, %v", got, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.ClientConfig(ended); !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	var (
		learned = configstore.ClientConfig{ClientID: "cli", HeaderKey: "x-token"}
		tokens  = configstore.ClientConfig{TokenEndpoint: "https://own.example/token"}
		noLogin = &configstore.Error{Op: "remote", Err: configstore.ErrNoLogin}
		down    = status.Error(codes.Unavailable, "down")
		merged  = learned.WithOverride(tokens)
	)
	for _, c := range []struct {
		name string
		base configstore.ClientConfigStore
		over configstore.ClientConfig
		want configstore.ClientConfig
		err  error
	}{
		{"fields replaced", configstore.Static(learned), tokens, merged, nil},
		{"no login, own token endpoint", failing(learned, noLogin), tokens, merged, nil},
		{"no login, no token endpoint", failing(learned, noLogin), configstore.ClientConfig{Audience: "a"},
			configstore.ClientConfig{ClientID: "cli", HeaderKey: "x-token", Audience: "a"}, configstore.ErrNoLogin},
		{"not found, own token endpoint", failing(configstore.ClientConfig{}, configstore.ErrNotFound), tokens, tokens, nil},
		{"unimplemented, own token endpoint", failing(configstore.ClientConfig{}, status.Error(codes.Unimplemented, "")), tokens, tokens, nil},
		{"down", failing(learned, down), tokens, configstore.ClientConfig{}, down},
		{"refused value", failing(learned, configstore.ErrInvalid), tokens, configstore.ClientConfig{}, configstore.ErrInvalid},
		{"no base", nil, tokens, tokens, nil},
		{"nothing at all", nil, configstore.ClientConfig{}, configstore.ClientConfig{}, configstore.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := configstore.Overlay(c.base, c.over).ClientConfig(t.Context())
			if !errors.Is(err, c.err) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOverlayKeepsACopy(t *testing.T) {
	t.Parallel()
	over := configstore.ClientConfig{Scopes: []string{"all"}}
	store := configstore.Overlay(configstore.Static(configstore.ClientConfig{}), over)
	for range 2 {
		over.Scopes[0] = "spoiled"
		got, err := store.ClientConfig(t.Context())
		if err != nil || got.Scopes[0] != "all" {
			t.Fatalf("got %+v, %v", got, err)
		}
		got.Scopes[0] = "spoiled too"
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	var (
		a        = configstore.Static(configstore.ClientConfig{ClientID: "a"})
		b        = configstore.Static(configstore.ClientConfig{ClientID: "b"})
		noLogin  = failing(configstore.ClientConfig{HeaderKey: "x-token"}, &configstore.Error{Op: "remote", Err: configstore.ErrNoLogin})
		second   = failing(configstore.ClientConfig{HeaderKey: "x-second"}, &configstore.Error{Op: "remote", Err: configstore.ErrNoLogin})
		notFound = failing(configstore.ClientConfig{ClientID: "junk"}, &configstore.Error{Op: "discover", Err: configstore.ErrNotFound})
		down     = failing(configstore.ClientConfig{}, status.Error(codes.Unavailable, "down"))
		unimpl   = failing(configstore.ClientConfig{}, status.Error(codes.Unimplemented, "old"))
		gone     = failing(configstore.ClientConfig{}, status.Error(codes.NotFound, "gone"))
	)
	for _, c := range []struct {
		name   string
		stores []configstore.ClientConfigStore
		want   configstore.ClientConfig
		code   codes.Code
		says   string
		is     error
	}{
		{"the first answers", []configstore.ClientConfigStore{a, b}, configstore.ClientConfig{ClientID: "a"}, codes.OK, "", nil},
		{"nothing to give: the next", []configstore.ClientConfigStore{nil, noLogin, notFound, unimpl, gone, b}, configstore.ClientConfig{ClientID: "b"}, codes.OK, "", nil},
		{"trouble ends it", []configstore.ClientConfigStore{notFound, down, b}, configstore.ClientConfig{}, codes.Unavailable, "down", nil},
		{"trouble is no verdict", []configstore.ClientConfigStore{noLogin, down}, configstore.ClientConfig{}, codes.Unavailable, "down", nil},
		{"no store has it", []configstore.ClientConfigStore{notFound, unimpl}, configstore.ClientConfig{}, codes.Unimplemented, "found; rpc error: code = Unimplemented desc = old", configstore.ErrNotFound},
		{"no login is remembered", []configstore.ClientConfigStore{noLogin, notFound}, configstore.ClientConfig{HeaderKey: "x-token"}, codes.Unimplemented, "advertises no login; ", configstore.ErrNoLogin},
		{"the first no login counts", []configstore.ClientConfigStore{notFound, noLogin, second}, configstore.ClientConfig{HeaderKey: "x-token"}, codes.Unimplemented, "", configstore.ErrNoLogin},
		{"one alone keeps its error", []configstore.ClientConfigStore{noLogin}, configstore.ClientConfig{HeaderKey: "x-token"}, codes.Unimplemented, "configstore: remote: the server", configstore.ErrNoLogin},
		{"none", nil, configstore.ClientConfig{}, codes.Unimplemented, "no client configuration found", configstore.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := configstore.Chain(c.stores...).ClientConfig(t.Context())
			if status.Code(err) != c.code || c.says != "" && !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v", err)
			}
			if c.code == codes.Unavailable && errors.Is(err, configstore.ErrNoLogin) {
				t.Error("passing trouble reads as no login")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorHasTextAndStatus(t *testing.T) {
	t.Parallel()
	cause := status.Error(codes.ResourceExhausted, "slow down")
	err := error(&configstore.Error{Op: "remote", Source: "/svc/Method", Err: cause})
	s, ok := status.FromError(err)
	if !ok || s.Code() != codes.ResourceExhausted || s.Message() != err.Error() || !errors.Is(err, cause) {
		t.Errorf("%v, %v", s, err)
	}
	if want := "configstore: remote /svc/Method: rpc error: code = ResourceExhausted desc = slow down"; err.Error() != want {
		t.Errorf("got %q", err)
	}
}
