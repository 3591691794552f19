package jupyterhub_test

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	vars := func(pairs ...string) func(*jupyterhub.AuthConfig) {
		all := map[string]string{"JUPYTERHUB_API_TOKEN": "canary", "JUPYTERHUB_SERVICE_NAME": "svc"}
		for i := 0; i+1 < len(pairs); i += 2 {
			maps.Copy(all, map[string]string{pairs[i]: pairs[i+1]})
		}
		return func(c *jupyterhub.AuthConfig) { c.LookupEnv = env(all) }
	}
	with := func(change func(*jupyterhub.AuthConfig)) func(*jupyterhub.AuthConfig) {
		return func(c *jupyterhub.AuthConfig) {
			vars()(c)
			change(c)
		}
	}
	for name, tt := range map[string]struct {
		change func(*jupyterhub.AuthConfig)
		want   []string
	}{
		"no token":      {vars("JUPYTERHUB_API_TOKEN", ""), []string{"JUPYTERHUB_API_TOKEN", "APIToken"}},
		"broken token":  {vars("JUPYTERHUB_API_TOKEN", "can ary"), []string{"JUPYTERHUB_API_TOKEN", "space"}},
		"API URL":       {vars("JUPYTERHUB_API_URL", "hub:8081/hub/api"), []string{"JUPYTERHUB_API_URL is not a URL"}},
		"API URL given": {with(func(c *jupyterhub.AuthConfig) { c.APIURL = "ftp://hub" }), []string{"APIURL is not a URL"}},
		"secret in URL": {vars("JUPYTERHUB_API_URL", "http://u:canary@hub/hub/api"), []string{"JUPYTERHUB_API_URL"}},
		"scopes":        {vars("JUPYTERHUB_OAUTH_ACCESS_SCOPES", "access:services"), []string{"JUPYTERHUB_OAUTH_ACCESS_SCOPES", "JSON list"}},
		"no scopes":     {vars("JUPYTERHUB_OAUTH_ACCESS_SCOPES", "null"), []string{"JUPYTERHUB_OAUTH_ACCESS_SCOPES", "JSON list"}},
		"API URL alone": {vars("JUPYTERHUB_API_URL", "http://:8081/hub/api"), []string{"JUPYTERHUB_API_URL is not a URL"}},
		"prefix":        {vars("JUPYTERHUB_SERVICE_PREFIX", "/services/%zz/"), []string{"JUPYTERHUB_SERVICE_PREFIX is not a path"}},
		"hub's host":    {vars("JUPYTERHUB_HOST", "hub.example.com"), []string{"JUPYTERHUB_HOST"}},
		"admins only":   {with(func(c *jupyterhub.AuthConfig) { c.Allow.Admin = true }), []string{"Allow.Scopes", "Admin", "access:services!service=svc"}},
		"old scopes":    {vars("JUPYTERHUB_OAUTH_SCOPES", "{}"), []string{"JUPYTERHUB_OAUTH_SCOPES"}},
		"hub's address": {vars("JUPYTERHUB_HOST", "javascript:alert(1)"), []string{"JUPYTERHUB_HOST"}},
		"half of TLS":   {func(c *jupyterhub.AuthConfig) { vars("JUPYTERHUB_SSL_KEYFILE", "/k")(c); c.HTTP = nil }, []string{"JUPYTERHUB_SSL_KEYFILE", "JUPYTERHUB_SSL_CERTFILE", "JUPYTERHUB_SSL_CLIENT_CA"}},
		"junk of TLS": {func(c *jupyterhub.AuthConfig) {
			vars("JUPYTERHUB_SSL_KEYFILE", junk, "JUPYTERHUB_SSL_CERTFILE", junk, "JUPYTERHUB_SSL_CLIENT_CA", junk)(c)
			c.HTTP = nil
		}, []string{"JUPYTERHUB_SSL_CERTFILE"}},
		"generation":    {with(func(c *jupyterhub.AuthConfig) { c.Generation = 7 }), []string{"Generation"}},
		"cache":         {with(func(c *jupyterhub.AuthConfig) { c.CacheMaxAge = -300e9 }), []string{"CacheMaxAge"}},
		"lists ignored": {with(func(c *jupyterhub.AuthConfig) { c.Allow.Users = []string{"a"} }), []string{"Allow.Scopes", "access:services!service=svc"}},
		"lists and scopes": {with(func(c *jupyterhub.AuthConfig) {
			c.Allow = jupyterhub.Allow{Scopes: []string{"x"}, Groups: []string{"a"}}
		}), []string{"Allow.Scopes cannot be combined"}},
		"legacy scopes": {with(func(c *jupyterhub.AuthConfig) { c.Generation = jupyterhub.Legacy; c.Allow.Scopes = []string{"x"} }), []string{"Legacy", "Users"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := jupyterhub.AuthConfig{HTTP: http.DefaultClient}
			tt.change(&config)
			_, err := jupyterhub.NewAuth(config)
			var e *jupyterhub.Error
			if !errors.As(err, &e) || e.Op != "configure" || status.Code(err) != codes.FailedPrecondition {
				t.Fatalf("%v", err)
			}
			contains(t, err.Error(), tt.want...)
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret in %v", err)
			}
		})
	}
}

func TestAServiceRequiresAValidServiceURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][]string{
		"":                       {"JUPYTERHUB_SERVICE_URL", "ServiceURL"},
		"127.0.0.1:10101":        {"JUPYTERHUB_SERVICE_URL is not a URL"},
		"https://127.0.0.1:1":    {"JUPYTERHUB_SSL_KEYFILE", "JUPYTERHUB_SSL_CERTFILE"},
		"http://203.0.113.1:999": {"JUPYTERHUB_SERVICE_URL", "bind"},
	} {
		err := jupyterhub.Service{Config: jupyterhub.Config{ServiceURL: url, LookupEnv: env(nil)}}.Run(t.Context())
		if err == nil {
			t.Fatalf("%q: no error", url)
		}
		contains(t, err.Error(), want...)
	}
}

func TestNoValuePrintsASecret(t *testing.T) {
	t.Parallel()
	config := jupyterhub.AuthConfig{Config: jupyterhub.Config{APIToken: flow.SecretValue("canary"), ServiceName: "s", LookupEnv: env(nil)}}
	a, err := jupyterhub.NewAuth(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := (jupyterhub.Resolver{Config: config.Config, Endpoint: "svc.example.com"}).Resolve(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var seen secrettest.Sink
	for _, v := range []any{config, a, target, struct{ c jupyterhub.Config }{config.Config}} {
		seen.Dump(v)
	}
	seen.Hides(t, "canary")
	seen.Heard(t, "ServiceName:s", "[redacted]")
}
