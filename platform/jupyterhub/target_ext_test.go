package jupyterhub_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// The token goes to the hub's API and its public address, without TLS only where the
// environment says so and there is nothing else to send it to.
func TestTheTargetNamesWhereTheTokenGoes(t *testing.T) {
	t.Parallel()
	const inside = "http://hub:8081/hub/api"
	for name, tt := range map[string]struct {
		resolver  jupyterhub.Resolver
		vars      map[string]string
		base      string
		origins   []string
		plaintext bool
	}{
		"of the environment": {vars: map[string]string{"JUPYTERHUB_API_URL": inside}, base: inside, plaintext: true},
		"with an endpoint": {
			resolver: jupyterhub.Resolver{Endpoint: "svc:9"}, vars: map[string]string{"JUPYTERHUB_API_URL": inside}, base: inside,
		},
		"of the program":  {resolver: jupyterhub.Resolver{Config: jupyterhub.Config{APIURL: inside}}, base: inside},
		"the default":     {base: jupyterhub.DefaultAPIURL, plaintext: true},
		"with TLS":        {vars: map[string]string{"JUPYTERHUB_API_URL": "https://hub.example/x/hub/api/"}, base: "https://hub.example/x/hub/api"},
		"a public hub":    {vars: map[string]string{"JUPYTERHUB_API_URL": inside, "JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example/x/hub/"}, base: inside, origins: []string{"https://hub.example"}, plaintext: true},
		"a public host":   {vars: map[string]string{"JUPYTERHUB_HOST": "https://hub.example:8443"}, base: jupyterhub.DefaultAPIURL, origins: []string{"https://hub.example:8443"}, plaintext: true},
		"one without TLS": {vars: map[string]string{"JUPYTERHUB_API_URL": inside, "JUPYTERHUB_HOST": "http://hub.example"}, base: inside, plaintext: true},
	} {
		vars := map[string]string{"JUPYTERHUB_API_TOKEN": "t"}
		maps.Copy(vars, tt.vars)
		tt.resolver.LookupEnv = env(vars)
		target, err := tt.resolver.Resolve(t.Context(), nil)
		if err != nil || target.HTTPBase != tt.base || !slices.Equal(target.Origins, tt.origins) || target.PlaintextCredentials != tt.plaintext || target.Rejected == nil {
			t.Errorf("%s: %q, %q, plaintext %v, %v", name, target.HTTPBase, target.Origins, target.PlaintextCredentials, err)
		}
	}
}
