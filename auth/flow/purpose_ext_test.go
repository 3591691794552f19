package flow_test

import (
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// A login records the audience and the scopes that it asked for, its own or those of the
// configuration, and a refresh keeps the record.
func TestLoginRecordsWhatItAskedFor(t *testing.T) {
	t.Parallel()
	_, env := tokenEndpoint(t, grants(`{"access_token":"a","refresh_token":"r"}`))
	set(env, func(c *configstore.ClientConfig) {
		c.ClientID, c.Audience, c.Scopes = "cli", "configured", []string{"all", "offline"}
	})
	own := flow.Password{Username: "ann", Password: flow.SecretValue("p"), Audience: "mine", Scopes: []string{"x"}}
	for name, tt := range map[string]struct {
		flow            flow.Password
		audience, scope string
	}{
		"its own":                    {own, "mine", "x"},
		"those of the configuration": {flow.Password{Username: "ann", Password: flow.SecretValue("p")}, "configured", "all offline"},
	} {
		c, err := tt.flow.Obtain(t.Context(), env, nil)
		if err != nil {
			t.Fatal(err)
		}
		set(env, func(c *configstore.ClientConfig) { c.Audience = "changed since" })
		next, err := flow.Stored{}.Renew(t.Context(), env, c)
		set(env, func(c *configstore.ClientConfig) { c.Audience = "configured" })
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*auth.Credentials{c, next} {
			if c.Audience != tt.audience || c.Scope != tt.scope || !c.PurposeKnown {
				t.Errorf("%s: audience %q, scope %q, known %v", name, c.Audience, c.Scope, c.PurposeKnown)
			}
		}
	}
	// What is unknown stays so.
	next, err := flow.Stored{}.Renew(t.Context(), env, &auth.Credentials{RefreshToken: "r"})
	if err != nil || next.PurposeKnown || next.Audience != "" {
		t.Errorf("%v, %v", next, err)
	}
}

// The traits name what the flow itself sets, where all of its ways to log in agree.
func TestTraitsNameThePurposeThatAFlowSets(t *testing.T) {
	t.Parallel()
	browser := flow.PKCE{ClientID: "a", Audience: "x", Scopes: []string{"r", "w"}}
	device := flow.DeviceCode{ClientID: "a", Audience: "x", Scopes: []string{"r", "w"}}
	other := flow.DeviceCode{ClientID: "b", Audience: "x"}
	falling := browser
	falling.Device = &other
	for name, tt := range map[string]struct {
		flow auth.TraitedFlow
		want [3]string
	}{
		"PKCE":                      {browser, [3]string{"a", "x", "r w"}},
		"DeviceCode":                {device, [3]string{"a", "x", "r w"}},
		"Auto":                      {flow.Auto{PKCE: browser, Device: device}, [3]string{"a", "x", "r w"}},
		"Auto with two clients":     {flow.Auto{PKCE: browser, Device: other}, [3]string{"", "x", ""}},
		"PKCE with another client":  {falling, [3]string{"", "x", ""}},
		"Password":                  {flow.Password{ClientID: "a", Audience: "x"}, [3]string{"a", "x", ""}},
		"ClientCredentials":         {flow.ClientCredentials{ClientID: "a", Audience: "x"}, [3]string{"", "x", ""}},
		"Stored":                    {flow.Stored{}, [3]string{}},
		"TokenExchange by its name": {flow.TokenExchange{ClientID: "a", Scopes: []string{"r"}}, [3]string{"", "", "r"}},
	} {
		traits := tt.flow.Traits()
		if got := [3]string{traits.ClientID, traits.Audience, traits.Scope}; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
