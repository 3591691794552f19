package flyte_test

import (
	"strings"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
)

// An error about a setting that is missing shows the variable or the line of the file
// that was meant for it, and no value.
func TestFlyteRow09_AMisspeltNameIsNamedInTheError(t *testing.T) {
	t.Parallel()
	const at = "FLYTE_ADMIN_ENDPOINT"
	for name, tt := range map[string]struct {
		env  []string
		file string
		want []string
	}{
		"endpoint": {[]string{"FLYTE_ENDPOINT", "canary"}, "", []string{"FLYTE_ENDPOINT is set, but the variable is FLYTE_ADMIN_ENDPOINT"}},
		"API key":  {[]string{"FLYTE_APIKEY", "canary"}, "", []string{"FLYTE_APIKEY is set, but the variable is FLYTE_API_KEY"}},
		"file":     {[]string{"FLYTECLT_CONFIG", "canary"}, "", []string{"FLYTECLT_CONFIG is set, but the variable is FLYTECTL_CONFIG"}},
		"key":      {nil, "admin:\n  endpont: canary\n", []string{`config.yaml:2: unknown key "admin.endpont" has no effect; did you mean "admin.endpoint"?`}},
		"section":  {nil, "Admin:\n  endpoint: canary\n", []string{`config.yaml:1: unknown section "Admin" has no effect; did you mean "admin"?`}},
		"no section": {
			nil, "# flat\nendpoint: canary\n", []string{`config.yaml:2: unknown section "endpoint" has no effect; did you mean "admin.endpoint"?`},
		},
		"client": {
			[]string{at, "h", "FLYTE_ADMIN_AUTHTYPE", "ClientSecret", "FLYTE_ADMIN_CLIENT_ID", "canary"}, "admin:\n  clientid: canary\n",
			[]string{"FLYTE_ADMIN_CLIENT_ID is set, but the variable is FLYTE_ADMIN_CLIENTID", `did you mean "admin.clientId"?`},
		},
		"secret": {
			[]string{at, "h", "FLYTE_ADMIN_AUTHTYPE", "ClientSecret", "FLYTE_ADMIN_CLIENTID", "c", "FLYTE_ADMIN_CLIENT_SECRET_ENV_VAR", "canary"}, "",
			[]string{"FLYTE_ADMIN_CLIENT_SECRET_ENV_VAR is set, but the variable is FLYTE_ADMIN_CLIENTSECRETENVVAR"},
		},
		"command": {
			[]string{at, "h", "FLYTE_ADMIN_AUTHTYPE", "custom"}, "admin:\n  comand: [canary]\n", []string{`config.yaml:2: unknown key "admin.comand"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, tt.env...)
			write(t, p.home, ".flyte/config.yaml", tt.file)
			if tt.file == "" {
				p.home = t.TempDir()
			}
			r := p.resolver()
			r.Environ = platformtest.Environ(p.variables)
			_, err := r.Resolve(t.Context(), nil)
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Fatalf("%v, want an error without values", err)
			}
			platformtest.Contains(t, err.Error(), tt.want...)
		})
	}
}

func TestFlyteRow09_AMisspeltNameBesideTheRightOneIsNotReported(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "FLYTE_ENDPOINT", "other", "FLYTE_ADMIN_ENDPOINT", "h.example.com", "FLYTE_ADMIN_AUTHTYPE", "custom")
	write(t, p.home, ".flyte/config.yaml", "admin:\n  endpont: other\n")
	r := p.resolver()
	r.Environ = platformtest.Environ(p.variables)
	_, err := r.Resolve(t.Context(), nil) // which lacks the command, and nothing else
	if err == nil || strings.Contains(err.Error(), "FLYTE_ENDPOINT") || strings.Contains(err.Error(), "endpont") {
		t.Errorf("%v, want nothing about the endpoint", err)
	}
	delete(p.variables, "FLYTE_ADMIN_AUTHTYPE")
	if target, err := r.Resolve(t.Context(), nil); err != nil || target.Endpoint != "h.example.com" {
		t.Errorf("%v, %v", target, err)
	}
}

func TestFlyteRow05_WarningsGoToTheLoggerOfTheClient(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	path := write(t, p.home, ".flyte/config.yaml", "admin:\n  endpoint: h.example.com\n  insecur: true\n")
	var own, clients secrettest.Sink
	r := p.resolver()
	cs, err := clientset.For(t.Context(), r, clientset.WithoutStore(), clientset.WithLogger(clients.Logger()))
	platformtest.Opened(t, cs, err)
	platformtest.Contains(t, clients.String(), "level=WARN", `unknown key \"admin.insecur\" has no effect; did you mean \"admin.insecure\"?`, path, "line=3")

	// A logger of the resolver's own wins.
	before := clients.String()
	r.Logger = own.Logger()
	cs, err = clientset.For(t.Context(), r, clientset.WithoutStore(), clientset.WithLogger(clients.Logger()))
	platformtest.Opened(t, cs, err)
	platformtest.Contains(t, own.String(), "level=WARN", "admin.insecur")
	if clients.String() != before {
		t.Errorf("the client's log has it too: %s", clients.String())
	}
}
