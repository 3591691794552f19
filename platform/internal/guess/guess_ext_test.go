package guess_test

import (
	"testing"

	"github.com/jetway-go/jetway/platform/internal/guess"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
)

func TestNearFindsTheNameThatWasMeant(t *testing.T) {
	t.Parallel()
	known := []string{"FLYTE_ADMIN_ENDPOINT", "FLYTE_API_KEY", "WALLAROO_SDK_AUTH_TYPE", "WALLAROO_USER", "clientId", "endpoint", "org"}
	for name, want := range map[string]string{
		"FLYTE_ENDPOINT":            "FLYTE_ADMIN_ENDPOINT", // a word too few
		"FLYTE_ADMIN_RPC_ENDPOINT":  "FLYTE_ADMIN_ENDPOINT", // a word too many
		"FLYTE_ADMINENDPOINT":       "FLYTE_ADMIN_ENDPOINT",
		"FLYTE_ADMIN_ENDPIONT":      "FLYTE_ADMIN_ENDPOINT",
		"flyte_admin_endpoint":      "FLYTE_ADMIN_ENDPOINT",
		"FLYTE_APIKEY":              "FLYTE_API_KEY",
		"WALLAROO_SDK_AUTHTYPE":     "WALLAROO_SDK_AUTH_TYPE",
		"WALLAROO_USR":              "WALLAROO_USER",
		"clientID":                  "clientId",
		"endpont":                   "endpoint",
		"FLYTE_AWS_ENDPOINT":        "", // Flyte's own, for storage
		"ADMIN_ENDPOINT":            "", // of which system?
		"FLYTE_INTERNAL_A_ENDPOINT": "",
		"url":                       "",
		"or":                        "",
		"":                          "",
		"PATH":                      "",
	} {
		if got := guess.Near(name, known...); got != want {
			t.Errorf("Near(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestVariablesNamesOnlyWhatIsSetAndMisspelt(t *testing.T) {
	t.Parallel()
	known := []string{"X_AUTH_URL", "X_USER"}
	for name, tt := range map[string]struct {
		vars    map[string]string
		missing []string
		want    string
	}{
		"none set":             {map[string]string{"HOME": "/"}, []string{"X_API_URL"}, ""},
		"misspelt":             {map[string]string{"X_APIURL": "canary"}, []string{"X_API_URL"}, "X_APIURL is set, but the variable is X_API_URL"},
		"two for one":          {map[string]string{"X_URL": "canary", "X_API_UURL": "canary"}, []string{"X_API_URL"}, "X_API_UURL is set, but the variable is X_API_URL; X_URL is set, but the variable is X_API_URL"},
		"two that are missing": {map[string]string{"X_USERNAMES": "a", "X_PASWORD": "b"}, []string{"X_USERNAME", "X_PASSWORD"}, "X_PASWORD is set, but the variable is X_PASSWORD; X_USERNAMES is set, but the variable is X_USERNAME"},
		"a blank one":          {map[string]string{"X_APIURL": " "}, []string{"X_API_URL"}, ""},
		"another known one":    {map[string]string{"X_AUTH_URL": "canary"}, []string{"X_AUT_URL"}, ""},
		"nothing is missing":   {map[string]string{"X_APIURL": "canary"}, nil, ""},
		"unfit for an error":   {map[string]string{"X_API\x1bURL": "canary"}, []string{"X_API_URL"}, ""},
	} {
		got := guess.Variables(platformtest.EnvOf(tt.vars), platformtest.Environ(tt.vars), known, tt.missing)
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestVariablesOfAnEnvironmentWithoutAListAreNotGuessed(t *testing.T) {
	t.Setenv("GUESSTEST_APIURL", "canary")
	if got := guess.Variables(platformtest.EnvOf(nil), nil, nil, []string{"GUESSTEST_API_URL"}); got != "" {
		t.Errorf("the process's environment was looked at instead: %q", got)
	}
	want := "GUESSTEST_APIURL is set, but the variable is GUESSTEST_API_URL"
	if got := guess.Variables(nil, nil, nil, []string{"GUESSTEST_API_URL"}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAfterAddsAGuessWhereThereIsOne(t *testing.T) {
	t.Parallel()
	if got := guess.After("no endpoint", "") + "|" + guess.After("no endpoint", "X is set"); got != "no endpoint|no endpoint; X is set" {
		t.Error(got)
	}
}
