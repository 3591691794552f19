package connect_test

import (
	"slices"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
)

func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func settings(t *testing.T, file profile.Profiles, variables ...string) connect.Settings {
	t.Helper()
	at := profile.At(t.TempDir())
	if err := at.Save(file); err != nil {
		t.Fatal(err)
	}
	return connect.Settings{Lookup: env(variables...), Environ: func() []string { return nil }, Profiles: at}
}

var two = profile.Profiles{
	Current: "a",
	Named: map[string]profile.Settings{
		"a": {Endpoint: "a.example.com", Project: "pa", Insecure: true},
		"b": {Endpoint: "b.example.com", Project: "pb", Platform: "wallaroo"},
	},
}

// What is nearer to the command counts more.
func TestTheAddressIsThatOfTheNearestSetting(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		flags     func(*connect.Settings)
		variables []string
		platform  string
		project   string
		address   string // with where it comes from
	}{
		"the current profile":         {nil, nil, "flyte", "pa", "a.example.com profile a"},
		"a profile that is named":     {func(s *connect.Settings) { s.Profile = "b" }, nil, "wallaroo", "pb", "b.example.com profile b"},
		"by a variable":               {nil, []string{"JETWAY_PROFILE", "b"}, "wallaroo", "pb", "b.example.com profile b"},
		"a flag over the variable":    {func(s *connect.Settings) { s.Profile = "a" }, []string{"JETWAY_PROFILE", "b"}, "flyte", "pa", "a.example.com profile a"},
		"an address without profile":  {func(s *connect.Settings) { s.Endpoint = "c.example.com" }, nil, "flyte", "", "c.example.com command line"},
		"the same address":            {func(s *connect.Settings) { s.Endpoint = "https://a.example.com" }, nil, "flyte", "pa", "https://a.example.com command line"},
		"a variable over the current": {nil, []string{"FLYTE_ADMIN_ENDPOINT", "v.example.com"}, "flyte", "", "v.example.com FLYTE_ADMIN_ENDPOINT"},
		"a named profile over it": {
			func(s *connect.Settings) { s.Profile = "a" }, []string{"FLYTE_ADMIN_ENDPOINT", "v.example.com"}, "flyte", "pa", "a.example.com profile a",
		},
		"the current profile over what a system sets": {nil, []string{"JUPYTERHUB_API_URL", "http://hub"}, "flyte", "pa", "a.example.com profile a"},
		"another platform":                            {func(s *connect.Settings) { s.Platform = "kubeflow" }, nil, "kubeflow", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, two, tt.variables...)
			if tt.flags != nil {
				tt.flags(&s)
			}
			p, err := s.Plan()
			if err != nil {
				t.Fatal(err)
			}
			address := ""
			for _, v := range p.Values {
				if (v.Key == "endpoint" || v.Key == "admin.endpoint") && address == "" {
					address = v.Value + " " + v.Source
				}
			}
			if p.Platform != tt.platform || p.Project != tt.project || address != tt.address {
				t.Errorf("%s, project %q, address %q; want %s, %q, %q", p.Platform, p.Project, address, tt.platform, tt.project, tt.address)
			}
		})
	}
}

func TestThePlatformIsThatOfTheVariablesAround(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		variables      []string
		platform, from string
	}{
		{nil, "flyte", "default"},
		{[]string{"WALLAROO_URL", "https://w"}, "wallaroo", "variable WALLAROO_URL"},
		{[]string{"WALLAROO_SDK_CREDENTIALS", "f"}, "wallaroo", "variable WALLAROO_SDK_CREDENTIALS"},
		{[]string{"JUPYTERHUB_API_URL", "http://h", "REPERTOIRE_BASE_URL", "https://r", "JETWAY_USER", "ada"}, "nublado", "variable REPERTOIRE_BASE_URL"},
		{[]string{"KF_PIPELINES_ENDPOINT", "http://k"}, "kubeflow", "variable KF_PIPELINES_ENDPOINT"},
		{[]string{"KF_PIPELINES_SA_TOKEN_PATH", "f"}, "kubeflow", "variable KF_PIPELINES_SA_TOKEN_PATH"},
		{[]string{"JUPYTERHUB_SERVICE_NAME", "s"}, "jupyterhub", "variable JUPYTERHUB_SERVICE_NAME"},
		{[]string{"JUPYTERHUB_API_URL", "http://h"}, "jupyterhub", "variable JUPYTERHUB_API_URL"},
		{[]string{"JUPYTERHUB_API_URL", "http://h", "FLYTE_ADMIN_ENDPOINT", "f"}, "flyte", "variable FLYTE_ADMIN_ENDPOINT"},
	} {
		p, err := settings(t, profile.Profiles{}, tt.variables...).Plan()
		if err != nil {
			t.Fatalf("%v: %v", tt.variables, err)
		}
		if p.Platform != tt.platform || p.From != tt.from {
			t.Errorf("%v: %s (%s), want %s (%s)", tt.variables, p.Platform, p.From, tt.platform, tt.from)
		}
	}
}

func TestProfilesThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	s := settings(t, two)
	s.Profile = "c"
	if _, err := s.Plan(); failure.Of(err).Exit != failure.Config {
		t.Errorf("got %v", err)
	}
	s.MayBeNew = true
	if p, err := s.Plan(); err != nil || p.Profile != "c" {
		t.Errorf("a new one: %v", err)
	}
	s.Profile = "../c"
	if _, err := s.Plan(); failure.Of(err).Exit != failure.Misuse {
		t.Errorf("got %v", err)
	}
}

func TestThisCommandIsNoFlow(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]bool{"jetway": true, "/usr/bin/jetway": true, "jetway.exe": true, "jetway-helper": false, "": false} {
		if got := connect.IsThisCommand(flow.Command{Argv: []string{program, "token"}}); got != want {
			t.Errorf("%q: %t", program, got)
		}
	}
	if connect.IsThisCommand(flow.Stored{}) || connect.IsThisCommand(flow.Command{}) {
		t.Error("another flow is taken for the command")
	}
}

func TestEveryPlatformButFlyteSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, name := range connect.Platforms() {
		if (connect.Advice(name) == "") != (name == connect.Flyte) {
			t.Errorf("%s: %q", name, connect.Advice(name))
		}
	}
	if !slices.Contains(connect.Platforms(), connect.Nublado) {
		t.Error("a platform is missing")
	}
}
