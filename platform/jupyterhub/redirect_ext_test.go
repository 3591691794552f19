package jupyterhub_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// An older hub is asked with the caller's token in the path. A proxy in front of it
// that redirects, well or badly, repeats that path.
func TestARedirectOfTheHubShowsNoToken(t *testing.T) {
	t.Parallel()
	for name, generation := range map[string]jupyterhub.Generation{"modern": jupyterhub.Modern, "legacy": jupyterhub.Legacy} {
		for _, front := range []string{"https://hub.example.com", "http://hub:port", "http://%zz", "://"} {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Location"] = []string{front + r.URL.Path + "?" + r.Header.Get("Authorization")}
				w.WriteHeader(http.StatusMovedPermanently)
			}))
			a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Generation: generation, HTTP: client(t), Config: jupyterhub.Config{
				APIURL: srv.URL, APIToken: flow.SecretValue("own-canary"), LookupEnv: func(string) (string, bool) { return "", false },
			}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.UserForToken(t.Context(), "caller-canary")
			if err == nil || errors.Is(err, jupyterhub.ErrNoUser) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s, %s: %v", name, front, err)
			}
			srv.Close()
		}
	}
}
