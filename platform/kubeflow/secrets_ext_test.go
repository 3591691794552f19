package kubeflow_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

// A session is for the server that opened it; printing one opens nothing.
func TestASessionPrintsNoCookie(t *testing.T) {
	t.Parallel()
	s := kubeflow.Session{
		EndpointURL: "https://kubeflow.example.com", RedirectURL: "https://dex.example.com/auth?state=canary", Secured: true,
		LoginURL: "https://dex.example.com/auth/local/login?state=canary", Cookie: "authservice_session=canary",
	}
	var seen secrettest.Sink
	for _, v := range []any{s, &s, []kubeflow.Session{s}, map[string]any{"session": s}, struct{ S kubeflow.Session }{s}} {
		seen.Dump(v)
	}
	seen.Hides(t, "canary")
}

// known is a Source.
type known string

func (k known) Credentials(context.Context) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: string(k)}, nil
}

// addressee is a RoundTripper that records the address and headers of requests.
type addressee struct{ host, token *string }

func (a addressee) RoundTrip(r *http.Request) (*http.Response, error) {
	*a.host, *a.token = r.URL.Host, r.Header.Get("Authorization")
	return nil, errors.New("connection refused")
}

// Inside of a cluster there is no TLS, and names may have no domain. What is sent to them
// must not be sent to a host on the internet whose name begins like a service's.
func TestTheHealthCheckIsSentToTheClusterOnly(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]struct {
		host  string
		token bool
	}{
		"http://ml-pipeline.kubeflow":                        {"ml-pipeline.kubeflow.svc.cluster.local:8888", true},
		"http://ML-Pipeline.zip:8888":                        {"ml-pipeline.zip.svc.cluster.local:8888", true},
		"http://ml-pipeline-ui.zip:80/pipeline":              {"ml-pipeline-ui.zip.svc.cluster.local:80", true},
		"http://ml-pipeline-ui":                              {"ml-pipeline-ui", true},
		"http://ml-pipeline.kubeflow.svc":                    {"ml-pipeline.kubeflow.svc:8888", true},
		"http://ml-pipeline.kubeflow.svc.cluster.local:8888": {"ml-pipeline.kubeflow.svc.cluster.local:8888", true},
		"http://ml-pipeline.kubeflow.example.com":            {"ml-pipeline.kubeflow.example.com", false},
		"https://kubeflow.example.com":                       {"kubeflow.example.com", true},
		"http://kubeflow.example.com":                        {"kubeflow.example.com", false},
	} {
		var sent addressee
		sent.host, sent.token = new(string), new(string)
		r := kubeflow.Resolver{Host: host, LookupEnv: env()}
		if _, err := r.FindUserNamespace(t.Context(), &http.Client{Transport: sent}, known("canary")); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", host, err)
		}
		if *sent.host != want.host || (*sent.token != "") != want.token {
			t.Errorf("%s: asked %s with %q, want %s, with a token: %t", host, *sent.host, *sent.token, want.host, want.token)
		}
	}
}
