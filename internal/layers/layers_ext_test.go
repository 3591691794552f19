package layers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/internal/layers"
)

const mod = layers.Module + "/"

func TestCheckNamesEachBreach(t *testing.T) {
	t.Parallel()

	rules := []layers.Rule{
		{Package: "gen/...", May: []string{"gen/..."}},
		{Package: "configstore", May: []string{"gen/..."}},
		{Package: "auth", May: []string{"configstore"}},
		{Package: "interceptors", May: []string{"auth"}},
		{Package: "mockserver", May: []string{"gen/..."}, Tests: []string{"interceptors"}},
	}
	// The packages of these rules as they should be; each case plants one thing.
	sound := func() map[string]*layers.Imports {
		return map[string]*layers.Imports{
			"gen/a":        {Package: mod + "gen/a", Code: []string{"fmt", mod + "gen/b"}},
			"configstore":  {Package: mod + "configstore", Code: []string{"google.golang.org/grpc", mod + "gen/a"}},
			"auth":         {Package: mod + "auth", Code: []string{mod + "configstore"}, Tests: []string{mod + "mockserver"}},
			"interceptors": {Package: mod + "interceptors", Code: []string{mod + "auth"}},
			"mockserver":   {Package: mod + "mockserver", Code: []string{mod + "gen/a"}, Tests: []string{mod + "mockserver", mod + "interceptors"}},
		}
	}
	order := []string{"gen/a", "configstore", "auth", "interceptors", "mockserver", "planted"}

	tests := []struct {
		name  string
		plant func(pkgs map[string]*layers.Imports)
		want  []string
	}{
		{"sound", func(map[string]*layers.Imports) {}, nil},
		{
			"sideways",
			func(pkgs map[string]*layers.Imports) {
				pkgs["interceptors"].Code = append(pkgs["interceptors"].Code, mod+"configstore")
			},
			[]string{"interceptors must not import configstore"},
		},
		{
			"downwards, twice",
			func(pkgs map[string]*layers.Imports) {
				pkgs["configstore"].Code = []string{mod + "interceptors", mod + "auth"}
			},
			[]string{"configstore must not import auth", "configstore must not import interceptors"},
		},
		{
			"out of gen",
			func(pkgs map[string]*layers.Imports) { pkgs["gen/a"].Code = []string{mod + "auth"} },
			[]string{"gen/a must not import auth"},
		},
		{
			"the root of the module",
			func(pkgs map[string]*layers.Imports) { pkgs["auth"].Code = []string{layers.Module} },
			[]string{"auth must not import ."},
		},
		{
			"a name that only begins alike",
			func(pkgs map[string]*layers.Imports) { pkgs["configstore"].Code = []string{mod + "generator"} },
			[]string{"configstore must not import generator"},
		},
		{
			"another module that only begins alike",
			func(pkgs map[string]*layers.Imports) {
				pkgs["auth"].Code = []string{layers.Module + "-extra/clientset"}
			},
			nil,
		},
		{
			"in a test that is held to a list",
			func(pkgs map[string]*layers.Imports) { pkgs["mockserver"].Tests = []string{mod + "auth"} },
			[]string{"tests of mockserver must not import auth"},
		},
		{
			"package without a row",
			func(pkgs map[string]*layers.Imports) {
				pkgs["planted"] = &layers.Imports{Package: mod + "auth/helper"}
			},
			[]string{"auth/helper is not in the table of internal/layers: give it a row"},
		},
		{
			"row without a package",
			func(pkgs map[string]*layers.Imports) { delete(pkgs, "auth") },
			[]string{"table of internal/layers has a row for auth, which does not exist"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			planted := sound()
			tt.plant(planted)
			var pkgs []layers.Imports
			for _, name := range order {
				if p := planted[name]; p != nil {
					pkgs = append(pkgs, *p)
				}
			}

			if diff := cmp.Diff(tt.want, layers.Check(rules, pkgs)); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRulesOnlyLookUp(t *testing.T) {
	t.Parallel()

	// Given the table, then a row names nothing that stands below it, so that it
	// can be read as a picture and has no circle.
	rules := layers.Rules()
	for i, rule := range rules {
		for _, below := range rules[i+1:] {
			for _, may := range rule.May {
				if may == below.Package {
					t.Errorf("the row of %s allows %s, which stands below it", rule.Package, may)
				}
			}
		}
	}
}
