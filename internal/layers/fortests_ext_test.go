package layers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/internal/layers"
)

func TestForTestsGoesByTheNameOfAPackage(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]bool{
		"platform/jupyterhub/hubtest": true, "internal/secrettest": true, "testing/data": false, "platform/hubtest/parts": false, "attests": false,
	} {
		if got := layers.ForTests(name); got != want {
			t.Errorf("ForTests(%q) = %v", name, got)
		}
	}
}

func TestCheckForTestsNamesEachImporter(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		pkg  layers.Imports
		want []string
	}{
		"code": {
			layers.Imports{Package: mod + "platform/a", Code: []string{"net/http/httptest", mod + "auth", mod + "platform/a/atest"}},
			[]string{"platform/a must not import platform/a/atest, which is for tests and examples"},
		},
		"a test":                    {layers.Imports{Package: mod + "platform/a", Tests: []string{mod + "platform/a/atest"}}, nil},
		"an example":                {layers.Imports{Package: mod + "examples/a", Code: []string{mod + "platform/a/atest"}}, nil},
		"another package for tests": {layers.Imports{Package: mod + "internal/btest", Code: []string{mod + "platform/a/atest"}}, nil},
		"a program": {
			layers.Imports{Package: mod + "cmd/a", Code: []string{mod + "internal/btest"}},
			[]string{"cmd/a must not import internal/btest, which is for tests and examples"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, layers.CheckForTests([]layers.Imports{tt.pkg})); diff != "" {
				t.Errorf("CheckForTests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckFakesNamesWhatIsShared(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		pkg  layers.Imports
		want []string
	}{
		"what both ends may have": {
			layers.Imports{Package: mod + "platform/a/atest", Deps: []string{"net/http", mod + "gen/x/y", mod + "interceptors/serverauth", mod + "internal/kfppb"}}, nil,
		},
		"another fake": {layers.Imports{Package: mod + "platform/a/atest", Deps: []string{mod + "platform/b/btest"}}, nil},
		"what it fakes, and what that links": {
			layers.Imports{Package: mod + "platform/a/atest", Deps: []string{mod + "auth", mod + "platform/a"}},
			[]string{
				"platform/a/atest must not link auth: a fake shares no code with what it stands in for",
				"platform/a/atest must not link platform/a: a fake shares no code with what it stands in for",
			},
		},
		"the client itself": {layers.Imports{Package: mod + "platform/a", Deps: []string{mod + "auth"}}, nil},
		"no fake":           {layers.Imports{Package: mod + "platform/internal/alltest", Deps: []string{mod + "auth"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, layers.CheckFakes([]layers.Imports{tt.pkg})); diff != "" {
				t.Errorf("CheckFakes (-want +got):\n%s", diff)
			}
		})
	}
}
