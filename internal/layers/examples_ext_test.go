package layers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/internal/layers"
)

func TestCheckExamplesNamesEachInternalImport(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		pkg  layers.Imports
		want []string
	}{
		"exported packages": {layers.Imports{Package: mod + "examples/a", Code: []string{mod + "clientset", mod + "platform/a/atest", "other/internal/x"}}, nil},
		"internal packages": {
			layers.Imports{Package: mod + "examples/a", Code: []string{mod + "internal/b", mod + "platform/internal/c"}},
			[]string{
				"examples/a must not import internal/b, which a copy of the example could not import",
				"examples/a must not import platform/internal/c, which a copy of the example could not import",
			},
		},
		"its test":     {layers.Imports{Package: mod + "examples/a", Tests: []string{mod + "internal/b"}}, nil},
		"no example":   {layers.Imports{Package: mod + "cmd/a", Code: []string{mod + "internal/b"}}, nil},
		"an exception": {layers.Imports{Package: mod + "examples/kubeflow", Code: []string{mod + "internal/kfppb", mod + "internal/kfptest"}}, nil},
		"an exception too many": {
			layers.Imports{Package: mod + "examples/kubeflow", Code: []string{mod + "internal/kfppb"}},
			[]string{"examples/kubeflow does not import all of its exceptions: take those from the list"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, layers.CheckExamples([]layers.Imports{tt.pkg})); diff != "" {
				t.Errorf("CheckExamples (-want +got):\n%s", diff)
			}
		})
	}
}
