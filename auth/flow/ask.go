package flow

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/fault"
)

// ask holds the parameters of a login beyond those that its grant requires.
type ask struct {
	scopes    []string
	audience  string
	resources []string
	extra     url.Values
}

// fill puts them into form, and those of the configuration in place of empty ones.
func (a ask) fill(form url.Values, cfg configstore.ClientConfig) error {
	audience, scope := a.purpose(cfg)
	setIfAny(form, "scope", scope)
	setIfAny(form, "audience", audience)
	return a.fillOwn(form)
}

// purpose returns what a login asks for: its own parameters, and those of the
// configuration in place of empty ones.
func (a ask) purpose(cfg configstore.ClientConfig) (audience, scope string) {
	scopes := a.scopes
	if len(scopes) == 0 {
		scopes = cfg.Scopes
	}
	return cmp.Or(a.audience, cfg.Audience), strings.Join(scopes, " ")
}

// traits adds to t what the flow itself says of the purpose of its logins.
func (a ask) traits(t auth.Traits, clientID string) auth.Traits {
	t.ClientID, t.Audience, t.Scope = clientID, a.audience, strings.Join(a.scopes, " ")
	return t
}

// fillOwn puts in the parameters of every request of a login.
func (a ask) fillOwn(form url.Values) error {
	for _, r := range a.resources {
		u, err := url.Parse(r)
		if err != nil || !u.IsAbs() || u.Fragment != "" {
			return setting(fmt.Errorf("resource %q must be an absolute URI without a fragment", fault.Foreign(r, 100))) // RFC 8707 §2
		}
		form.Add("resource", r)
	}
	return addExtra(form, a.extra)
}

// reserved returns the parameters that the flow itself sets, from a field of its own
// where the caller can choose.
func reserved() []string {
	return []string{
		"grant_type", "response_type", "client_id", "client_secret", "client_assertion", "client_assertion_type",
		"state", "code", "redirect_uri", "code_verifier", "code_challenge", "code_challenge_method", "device_code",
		"refresh_token", "username", "password", "subject_token", "subject_token_type", "actor_token", "actor_token_type",
		"requested_token_type", "scope", "audience", "resource", "token", "token_type_hint",
	}
}

func addExtra(form, extra url.Values) error {
	for name, values := range extra {
		if slices.Contains(reserved(), name) {
			return setting(fmt.Errorf("%s cannot be an extra parameter: the flow sets it, by a field of its own where it can be chosen", name))
		}
		form[name] = slices.Clone(values)
	}
	return nil
}
