package flow

import (
	"net/url"
	"testing"
)

// What a login says of itself cannot be set again by an extra parameter: two
// values of one parameter are two logins, and which of them counts is chance.
func TestExtraParameters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"grant_type", "response_type", "client_id", "client_secret", "client_assertion", "state", "code", "redirect_uri", "code_verifier",
		"code_challenge", "code_challenge_method", "device_code", "refresh_token", "username", "password", "subject_token", "actor_token",
		"requested_token_type", "scope", "audience", "resource", "token", "token_type_hint",
	} {
		form := url.Values{}
		if err := addExtra(form, url.Values{name: {"x"}}); err == nil || form.Has(name) {
			t.Errorf("%s is taken: %v", name, form)
		}
	}
	form, extra := url.Values{}, url.Values{"prompt": {"consent"}, "connector_id": {"a", "b"}}
	if err := addExtra(form, extra); err != nil || form.Encode() != extra.Encode() {
		t.Errorf("got %v and %v", form, err)
	}
}
