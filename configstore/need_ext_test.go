package configstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
)

// asks counts the questions to a store.
func asks(s configstore.ClientConfigStore, n *int) configstore.ClientConfigStore {
	return configstore.Func(func(ctx context.Context) (configstore.ClientConfig, error) {
		*n++
		return s.ClientConfig(ctx)
	})
}

func TestAskAsksForNothingThatIsNotNeeded(t *testing.T) {
	t.Parallel()
	const token, device, client = configstore.FieldTokenEndpoint, configstore.FieldDeviceAuthorizationEndpoint, configstore.FieldClientID
	over := configstore.ClientConfig{TokenEndpoint: "https://own.example/token", ClientID: "own"}
	base := configstore.ClientConfig{TokenEndpoint: "https://idp.example/token", DeviceAuthorizationEndpoint: "https://idp.example/device",
		ClientID: "cli", HeaderKey: "x-token"}
	for _, c := range []struct {
		need  []configstore.Field
		asked int
	}{
		{nil, 0}, {[]configstore.Field{token}, 0}, {[]configstore.Field{client, token}, 0},
		{[]configstore.Field{token, device}, 1},
	} {
		n := 0
		s := configstore.Overlay(asks(configstore.Static(base), &n), over)
		got, err := configstore.Ask(t.Context(), s, c.need...)
		if err != nil || n != c.asked || got.TokenEndpoint != over.TokenEndpoint || got.ClientID != "own" || (got.HeaderKey != "") != (n > 0) {
			t.Errorf("%v: %d questions, %+v, %v; want %d", c.need, n, got, err, c.asked)
		}
		if _, err := configstore.Ask(t.Context(), configstore.AllowPlaintext(s, "own.example"), c.need...); err != nil || n != 2*c.asked {
			t.Errorf("%v, plaintext allowed: %d questions, %v; want %d more", c.need, n-c.asked, err, c.asked)
		}
		n = c.asked
		// What is set was not enough: the base may know more.
		s.(configstore.Invalidator).Invalidate()
		if got, err = configstore.Ask(t.Context(), s, c.need...); err != nil || n != c.asked+1 || got.HeaderKey != "x-token" {
			t.Errorf("%v, after Invalidate: %d questions, %+v, %v", c.need, n, got, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := configstore.Ask(ended, configstore.Overlay(nil, over), token); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	n := 0
	if got, err := configstore.Ask(t.Context(), asks(configstore.Static(base), &n), token); err != nil || n != 1 || got.HeaderKey != "x-token" {
		t.Errorf("of another store: %d questions, %+v, %v", n, got, err)
	}
}

// A server that tells nothing before a login does not stop one for which enough is set;
// otherwise the error says what is missing.
func TestRefusedDiscoveryGoesOnWithWhatIsSet(t *testing.T) {
	t.Parallel()
	const redirect = "unexpected HTTP status code received from server: 302 (Found)"
	refusals := map[string]configstore.ClientConfigStore{}
	for name, code := range map[string]int{"401": 401, "403": 403, "302": 302} {
		s := newSite(t, nil)
		s.Config.Handler = page(code, "text/plain", "")
		refusals["discovery, "+name] = configstore.Discovery(s.URL, s.Client())
	}
	for name, err := range map[string]error{
		"401": status.Error(codes.Unauthenticated, "who are you?"), "403": status.Error(codes.PermissionDenied, "not you"),
		"302":        status.Error(codes.Unknown, redirect),
		"a 302 page": status.Error(codes.Unknown, redirect+`; transport: received unexpected content-type "text/html"`+"\ndata: \"<html>\""),
	} {
		refusals["the backend, "+name] = configstore.Remote(connFunc(func(string) error { return err }))
	}
	for name, refusal := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			over := configstore.ClientConfig{TokenEndpoint: "https://own.example/token"}
			got, err := configstore.Overlay(refusal, over).ClientConfig(t.Context())
			if err != nil || got.TokenEndpoint != over.TokenEndpoint {
				t.Errorf("got %+v, %v; want what is set", got, err)
			}
			_, err = configstore.Ask(t.Context(), configstore.Overlay(refusal, over),
				configstore.FieldTokenEndpoint, configstore.FieldClientID, configstore.FieldAuthorizationEndpoint)
			if status.Code(err) != codes.FailedPrecondition || !errors.Is(err, configstore.ErrInvalid) ||
				!strings.Contains(err.Error(), "set ClientConfig.ClientID and ClientConfig.AuthorizationEndpoint") {
				t.Errorf("%v (%v), want FailedPrecondition and what is missing", err, status.Code(err))
			}
		})
	}
	for name, err := range map[string]error{
		"down": status.Error(codes.Unavailable, "down"), "a bug": status.Error(codes.Internal, "bug"), "unknown": status.Error(codes.Unknown, "?"),
	} {
		over := configstore.ClientConfig{TokenEndpoint: "https://own.example/token"}
		if got, err := configstore.Overlay(failing(over, err), over).ClientConfig(t.Context()); err == nil {
			t.Errorf("%s: got %+v, want the error", name, got)
		}
	}
}

// A field that is set makes up for one that must not be used; the rest is kept.
func TestSetFieldWinsOverAnUnusableOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.Config.Handler = document(`{"issuer":"%s","token_endpoint":"http://flyteadmin:80/token","authorization_endpoint":"%s/authorize"}`)
	over := configstore.ClientConfig{TokenEndpoint: "http://localhost:30080/token"}
	base := configstore.Discovery(s.URL, s.Client())
	got, err := configstore.Overlay(configstore.Cached(base, 0), over).ClientConfig(t.Context())
	if err != nil || got.TokenEndpoint != over.TokenEndpoint || got.AuthorizationEndpoint != s.URL+"/authorize" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = configstore.Overlay(base, configstore.ClientConfig{ClientID: "own"}).ClientConfig(t.Context()); !errors.Is(err, configstore.ErrPlaintext) {
		t.Errorf("got %+v, %v; want ErrPlaintext where it is not set", got, err)
	}
}
