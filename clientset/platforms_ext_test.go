package clientset_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

// Every line of docs/platforms.md works with the variables beside it, and no others.
func TestLinesOfThePlatformsPageWork(t *testing.T) {
	discovery := httptest.NewServer(nubladotest.NewRepertoire(map[string]any{
		"services": map[string]any{"ui": map[string]any{"nublado": map[string]any{"url": "https://nb.example.com/nb"}}},
	}))
	defer discovery.Close()
	ctx := t.Context()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(nublado.HeaderUser, "ada")
	r.Header.Set(nublado.HeaderToken, "gt-0123456789abcdefghijkl.0123456789abcdefghijkl")

	for _, tt := range []struct {
		name, endpoint string
		environment    map[string]string
		make           func() (*clientset.ClientSet, error)
	}{
		{
			"Wallaroo", "wallaroo.example.com:443",
			map[string]string{
				"WALLAROO_SDK_AUTH_TYPE": "user_password", "WALLAROO_URL": "https://wallaroo.example.com",
				"WALLAROO_USER": "ada", "WALLAROO_PASSWORD": "secret",
			},
			func() (*clientset.ClientSet, error) {
				return clientset.For(ctx, wallaroo.Resolver{}, clientset.WithPrompter(wallaroo.Printer(os.Stderr)))
			},
		},
		{
			"Nublado", "nb.example.com:443",
			map[string]string{"REPERTOIRE_BASE_URL": discovery.URL + "/repertoire"},
			func() (*clientset.ClientSet, error) {
				return clientset.For(ctx, nublado.Resolver{Source: nublado.FromRequest(r.Header)})
			},
		},
		{
			"Kubeflow Pipelines", "ml-pipeline.kubeflow.svc.cluster.local:8887",
			map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "KF_PIPELINES_ENDPOINT": ""}, // as in every pod
			func() (*clientset.ClientSet, error) {
				return clientset.For(ctx, kubeflow.Resolver{})
			},
		},
		{
			"JupyterHub", "127.0.0.1:10102",
			map[string]string{"JUPYTERHUB_API_TOKEN": "0123456789abcdef"},
			func() (*clientset.ClientSet, error) {
				return clientset.For(ctx, jupyterhub.Resolver{Endpoint: "http://127.0.0.1:10102"})
			},
		},
		{
			"Flyte", "flyte.example.com:443",
			map[string]string{"FLYTE_ADMIN_ENDPOINT": "dns:///flyte.example.com", "FLYTE_API_KEY": ""},
			func() (*clientset.ClientSet, error) {
				return clientset.For(ctx, flyte.Resolver{})
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			for name, value := range tt.environment {
				t.Setenv(name, value)
			}
			cs, err := tt.make()
			if err != nil {
				t.Fatal(err)
			}
			defer cs.Close()
			if got := cs.Endpoint(); got != tt.endpoint {
				t.Errorf("endpoint %q, want %q", got, tt.endpoint)
			}
		})
	}
}

// The line about verifying callers works too.
func TestVerifierLineOfThePlatformsPageWorks(t *testing.T) {
	t.Setenv("JUPYTERHUB_API_TOKEN", "0123456789abcdef")
	t.Setenv("JUPYTERHUB_SERVICE_NAME", "whoami")
	if _, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{}); err != nil {
		t.Error(err)
	}
}

func TestEveryLineOfThePlatformsPageIsTested(t *testing.T) {
	t.Parallel()
	tests := read(t, "platforms_ext_test.go")
	lines := regexp.MustCompile("`((?:clientset\\.For|jupyterhub\\.NewAuth)\\([^`]*\\))`").FindAllStringSubmatch(read(t, "../docs/platforms.md"), -1)
	if len(lines) != 6 {
		t.Errorf("%d lines of Go, want 6", len(lines))
	}
	for _, l := range lines {
		if !strings.Contains(tests, l[1]) {
			t.Errorf("no test of this package has %s", l[1])
		}
	}
}
