package clientset_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

// platformSituations are errors of resolvers, which read the settings of a system.
func platformSituations() map[string]situation {
	return map[string]situation{
		"or set FLYTE_ADMIN_INSECURE": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return ofFlyte(t, map[string]string{"FLYTE_ADMIN_ENDPOINT": quiet(t).Endpoint()})
		}),
		"auth_type and api_endpoint must be provided": resolving(func(l func(string) (string, bool)) platform.Resolver {
			return wallaroo.Resolver{LookupEnv: l}
		}),
		"REPERTOIRE_BASE_URL not set": resolving(delegated),
		"service discovery failed": func(t *testing.T) error {
			return resolving(func(func(string) (string, bool)) platform.Resolver {
				return delegated(func(string) (string, bool) { return "http://" + closedPort(t), true })
			})(t)
		},
		"no address of Kubeflow Pipelines": resolving(func(l func(string) (string, bool)) platform.Resolver {
			return kubeflow.Resolver{LookupEnv: l}
		}),
		"no API token": resolving(func(l func(string) (string, bool)) platform.Resolver {
			return jupyterhub.Resolver{Config: jupyterhub.Config{LookupEnv: l}}
		}),
		"no endpoint: set it, or FLYTE_API_KEY": func(t *testing.T) error {
			return resolving(func(l func(string) (string, bool)) platform.Resolver {
				return flyte.Resolver{LookupEnv: l, Dir: t.TempDir(), Home: t.TempDir()}
			})(t)
		},
		"it lies in the working directory": func(t *testing.T) error {
			dir := t.TempDir()
			text := "admin:\n  endpoint: flyte.example.com\n  authType: ExternalCommand\n  command: [make-token]\n"
			if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return resolving(func(l func(string) (string, bool)) platform.Resolver {
				return flyte.Resolver{LookupEnv: l, Dir: dir, Home: t.TempDir(), Trust: flyte.FileTrust{Dir: filepath.Join(dir, "trust")}}
			})(t)
		},
		"but the variable is":            misspeltVariable,
		`did you mean "admin.endpoint"?`: misspeltKey,
	}
}

// resolving makes a client by a resolver that finds these variables.
func resolving(with func(lookup func(string) (string, bool)) platform.Resolver) situation {
	return func(t *testing.T) error {
		cs, err := clientset.For(t.Context(), with(func(string) (string, bool) { return "", false }))
		if err == nil {
			_ = cs.Close()
		}
		return err
	}
}

// delegated is Nublado's resolver for a request that lacks nothing.
func delegated(lookup func(string) (string, bool)) platform.Resolver {
	return nublado.Resolver{LookupEnv: lookup, Source: nublado.FromRequest(http.Header{
		nublado.HeaderUser: {"ada"}, nublado.HeaderToken: {"gt-0123456789abcdefghijkl.0123456789abcdefghijkl"},
	})}
}

// misspeltVariable finds no endpoint, since its variable has another name.
func misspeltVariable(t *testing.T) error {
	t.Helper()
	vars := map[string]string{"KF_PIPELINE_ENDPOINT": "https://kubeflow.example.com"}
	return failing(t, kubeflow.Resolver{
		LookupEnv: func(name string) (string, bool) { value, ok := vars[name]; return value, ok },
		Environ:   func() []string { return slices.Collect(maps.Keys(vars)) },
	})
}

// misspeltKey finds no endpoint, since its key in the file has another name.
func misspeltKey(t *testing.T) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte("admin:\n  endpont: flyte.example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return failing(t, flyte.Resolver{ConfigFile: path, LookupEnv: func(string) (string, bool) { return "", false }})
}

func failing(t *testing.T, r platform.Resolver) error {
	t.Helper()
	cs, err := clientset.For(t.Context(), r)
	if err == nil {
		_ = cs.Close()
	}
	return err
}
