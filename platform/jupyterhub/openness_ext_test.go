package jupyterhub_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// A service that authorizes every user of the hub logs a warning: it may be for want
// of a variable.
func TestAuthorizationOfEveryUserIsLogged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		name  string
		allow jupyterhub.Allow
		want  bool
	}{
		"nothing says who may call": {want: true},
		"a scope by the name":       {name: "whoami"},
		"a list":                    {allow: jupyterhub.Allow{Users: []string{"ada"}}},
		"meant so":                  {allow: jupyterhub.Allow{Scopes: []string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			_, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
				Config: jupyterhub.Config{LookupEnv: env(map[string]string{
					"JUPYTERHUB_API_TOKEN": "0123456789abcdef", "JUPYTERHUB_SERVICE_NAME": tt.name,
				})},
				Allow: tt.allow, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(log.String(), "every user and service of the hub may call"); got != tt.want {
				t.Errorf("warned: %t, want %t: %s", got, tt.want, log.String())
			}
		})
	}
}
