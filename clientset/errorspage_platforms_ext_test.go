package clientset_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

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
