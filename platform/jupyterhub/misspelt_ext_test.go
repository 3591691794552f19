package jupyterhub_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

func misspelling(vars map[string]string) jupyterhub.Config {
	return jupyterhub.Config{LookupEnv: env(vars), Environ: platformtest.Environ(vars)}
}

// unreachable is a client to which no hub answers.
func unreachable() *http.Client {
	return &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })}
}

// An error about a variable that is missing shows the one that was meant for it.
func TestAMisspeltVariableIsNamedInTheError(t *testing.T) {
	t.Parallel()
	const token = "JUPYTERHUB_API_TOKEN"
	for name, tt := range map[string]struct {
		vars map[string]string
		do   func(jupyterhub.Config) error
		want string
	}{
		"token of a caller": {
			map[string]string{"JUPYTERHUB_TOKEN": "canary"},
			func(c jupyterhub.Config) error {
				_, err := jupyterhub.Resolver{Config: c, Endpoint: "svc"}.Resolve(t.Context(), nil)
				return err
			}, "JUPYTERHUB_TOKEN is set, but the variable is JUPYTERHUB_API_TOKEN",
		},
		"token of a service": {
			map[string]string{"JUPYTERHUB_APITOKEN": "canary"},
			func(c jupyterhub.Config) error {
				_, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Config: c})
				return err
			}, "JUPYTERHUB_APITOKEN is set, but the variable is JUPYTERHUB_API_TOKEN",
		},
		"address to listen on": {
			map[string]string{"JUPYTERHUB_SERVICEURL": "http://canary"},
			func(c jupyterhub.Config) error { return jupyterhub.Service{Config: c}.Run(t.Context()) },
			"JUPYTERHUB_SERVICEURL is set, but the variable is JUPYTERHUB_SERVICE_URL",
		},
		"address of the hub": {
			map[string]string{"JUPYTERHUB_URL": "http://canary", token: "t"},
			func(c jupyterhub.Config) error {
				a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Config: c, HTTP: unreachable()})
				if err != nil {
					t.Fatal(err)
				}
				_, err = a.UserForToken(t.Context(), "x")
				return err
			}, "JUPYTERHUB_URL is set, but the variable is JUPYTERHUB_API_URL",
		},
	} {
		err := tt.do(misspelling(tt.vars))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q and no value", name, err, tt.want)
		}
	}
}

func TestAMisspeltVariableBesideTheRightOneIsNotReported(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"JUPYTERHUB_URL": "http://other", "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api", "JUPYTERHUB_API_TOKEN": "t"}
	a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Config: misspelling(vars), HTTP: unreachable()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.UserForToken(t.Context(), "x"); err == nil || strings.Contains(err.Error(), "JUPYTERHUB_URL") {
		t.Errorf("%v, want nothing about JUPYTERHUB_URL", err)
	}
}
