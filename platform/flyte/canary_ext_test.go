package flyte_test

import (
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Whatever is wrong with the configuration, no secret of it shows anywhere.
func TestFlyteShowsNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "canary-secret"
	s := mock(t, mockserver.WithOAuth(oauth.Config{Clients: []oauth.Client{{ID: "c", Secret: "another-secret"}}}))
	var seen secrettest.Sink
	base := []string{"FLYTE_ADMIN_ENDPOINT", s.Endpoint(), "FLYTE_ADMIN_INSECURE", "true", "FLYTE_ADMIN_CLIENTID", "c"}
	for _, more := range [][]string{
		{"FLYTE_ADMIN_CLIENTSECRETENVVAR", "S", "S", canary},
		{"FLYTE_ADMIN_CLIENTSECRETLOCATION", write(t, t.TempDir(), "secret", canary)},
		{"FLYTE_API_KEY", canary},
		{"FLYTE_API_KEY", s.APIKey()[:20] + canary},
		{"FLYTE_ADMIN_AUTHTYPE", "command", "FLYTE_ADMIN_COMMAND", "false --password " + canary},
		{"FLYTE_ADMIN_AUTHTYPE", "command", "FLYTE_ADMIN_COMMAND", "no-such-program " + canary, "FLYTE_ADMIN_PROXYCOMMAND", "false " + canary},
		{"FLYTE_ADMIN_HTTPPROXYURL", "http://user:" + canary + "@proxy:1"},
		{"FLYTE_ADMIN_HTTPPROXYURL", "socks9://user:" + canary + "@proxy:1"},
		{"FLYTE_ADMIN_ENDPOINT", "https://user:" + canary + "@h"},
	} {
		r := newPlace(t, append(base, more...)...).resolver()
		c, err := r.Load()
		seen.Dump(err)
		if err == nil {
			seen.Dump(c)
			seen.Dump(c.Explain())
		}
		target, err := r.Resolve(t.Context(), nil)
		seen.Dump(target)
		seen.Dump(target.Flow)
		seen.Dump(err)
		seen.Dump(call(t, s, r, clientset.WithLogger(seen.Logger()), clientset.WithoutRetry()))
	}
	seen.Hides(t, canary)
	seen.Heard(t, "invalid_client", "[redacted]", "FLYTE_API_KEY", "no-such-program")
}
