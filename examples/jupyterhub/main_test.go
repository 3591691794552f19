package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExample(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := demo(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log("\n" + out.String())
	for _, want := range []string{
		"you are inara", "PermissionDenied: jupyterhub: authorize: user badger is not allowed", "Unauthenticated: ",
		"100 more calls made 0 requests to the hub", `"name": "inara"`, `"serenity"`,
		"user badger of []", "a token of inara, for nightly: [redacted]", "100% Server ready at /user/inara/", "the server has stopped, the token is revoked",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output says nothing of %q", want)
		}
	}
}

func TestTheServiceSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	for missing, vars := range map[string]map[string]string{
		"JUPYTERHUB_API_TOKEN":   {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:0"},
		"JUPYTERHUB_SERVICE_URL": {"JUPYTERHUB_API_TOKEN": "t"},
	} {
		err := serve(t.Context(), func(name string) (string, bool) { v, ok := vars[name]; return v, ok })
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("%v, want %s", err, missing)
		}
	}
}
