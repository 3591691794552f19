package wallaroo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

// An error about a variable that is missing shows the one that was meant for it, and
// still has Wallaroo's own words.
func TestWallarooRow01_AMisspeltVariableIsNamedInTheError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		vars map[string]string
		want []string
	}{
		"auth type": {
			map[string]string{"WALLAROO_SDK_AUTHTYPE": "canary", "WALLAROO_URL": "https://h"},
			[]string{"WALLAROO_SDK_AUTHTYPE is set, but the variable is WALLAROO_SDK_AUTH_TYPE", missing},
		},
		"URL": {
			map[string]string{"WALLAROO_SDK_AUTH_TYPE": "sso", "WALLAROO_API_URL": "canary"},
			[]string{"WALLAROO_API_URL is set, but the variable is WALLAROO_URL", missing},
		},
		"user": {
			map[string]string{"WALLAROO_SDK_AUTH_TYPE": "user_password", "WALLAROO_URL": "https://h", "WALLAROO_USR": "canary", "WALLAROO_PASSWORD": "canary"},
			[]string{"is not set", "WALLAROO_USR is set, but the variable is WALLAROO_USER"},
		},
		"password": {
			map[string]string{"WALLAROO_SDK_AUTH_TYPE": "user_password", "WALLAROO_URL": "https://h", "WALLAROO_USER": "ada", "WALLAROO_PASSWRD": "canary"},
			[]string{"WALLAROO_PASSWORD is not set, but WALLAROO_USER is; WALLAROO_PASSWRD is set, but the variable is WALLAROO_PASSWORD"},
		},
		"token": {
			map[string]string{"WALLAROO_SDK_AUTH_TYPE": "token", "WALLAROO_URL": "https://h", "WALLAROO_CREDENTIALS": "canary"},
			[]string{"WALLAROO_CREDENTIALS is set, but the variable is WALLAROO_SDK_CREDENTIALS: Passed token auth, but no token provided."},
		},
	} {
		_, err := wallaroo.Resolver{LookupEnv: platformtest.EnvOf(tt.vars), Environ: platformtest.Environ(tt.vars)}.Resolve(t.Context(), nil)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want an error without values", name, err)
			continue
		}
		platformtest.Contains(t, err.Error(), tt.want...)
		if tt.want[len(tt.want)-1] == missing && !errors.Is(err, wallaroo.ErrMissing) {
			t.Errorf("%s: %v, want ErrMissing", name, err)
		}
	}
}

func TestWallarooRow01_AMisspeltVariableBesideTheRightOneIsNotReported(t *testing.T) {
	t.Parallel()
	vars := map[string]string{
		"WALLAROO_SDK_AUTH_TYPE": "user_password", "WALLAROO_SDK_AUTHTYPE": "sso", "WALLAROO_URL": "https://h", "WALLAROO_USR": "x",
		"WALLAROO_USER": "ada",
	}
	r := wallaroo.Resolver{LookupEnv: platformtest.EnvOf(vars), Environ: platformtest.Environ(vars)}
	if _, err := r.Resolve(t.Context(), nil); err == nil || strings.Contains(err.Error(), "but the variable is") {
		t.Errorf("%v, want nothing but the password that is missing", err)
	}
}
