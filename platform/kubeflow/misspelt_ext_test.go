package kubeflow_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

func misspelling(vars map[string]string, r kubeflow.Resolver) kubeflow.Resolver {
	r.LookupEnv, r.Environ = platformtest.EnvOf(vars), platformtest.Environ(vars)
	return r
}

func TestAMisspeltEndpointIsNamedInTheError(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"KF_PIPELINE_ENDPOINT": "https://canary"}
	_, err := misspelling(vars, kubeflow.Resolver{}).Resolve(t.Context(), nil)
	if !errors.Is(err, kubeflow.ErrNoEndpoint) || strings.Contains(err.Error(), "canary") {
		t.Fatalf("%v, want ErrNoEndpoint without values", err)
	}
	contains(t, err.Error(), "KF_PIPELINE_ENDPOINT is set, but the variable is KF_PIPELINES_ENDPOINT")

	vars["KF_PIPELINES_ENDPOINT"] = "https://kubeflow.example.com"
	if target, err := misspelling(vars, kubeflow.Resolver{}).Resolve(t.Context(), nil); err != nil || target.Endpoint != vars["KF_PIPELINES_ENDPOINT"] {
		t.Errorf("%v, %v; want the endpoint and no word about the other variable", target, err)
	}
}

func TestAMisspeltTokenPathIsNamedInTheErrorOfCalls(t *testing.T) {
	t.Parallel()
	const want = "KF_PIPELINES_TOKEN_PATH is set, but the variable is KF_PIPELINES_SA_TOKEN_PATH"
	vars := map[string]string{"KF_PIPELINES_TOKEN_PATH": "/canary"}
	proxy, _ := behind(t, dextest.Config{})
	for name, r := range map[string]kubeflow.Resolver{
		"no login named":     {Host: proxy.URL},
		"the token's volume": {Host: proxy.URL, ServiceAccount: true},
	} {
		err := listRuns(t.Context(), made(t, misspelling(vars, r)), "team")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q and no value", name, err, want)
		}
	}
}
