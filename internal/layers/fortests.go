package layers

import (
	"path"
	"strings"
)

// ForTests reports whether a package, named by its path, exists for tests: its name
// ends in "test", as that of net/http/httptest.
func ForTests(name string) bool { return strings.HasSuffix(path.Base(name), "test") }

// CheckForTests returns one line for each import of a package for tests by code that
// is neither such a package itself nor an example. Files of tests may import it.
func CheckForTests(pkgs []Imports) []string {
	var lines []string
	for _, p := range pkgs {
		name := short(p.Package)
		if ForTests(name) || match("examples/...", name) {
			continue
		}
		for _, imported := range ours(p.Code) {
			if ForTests(imported) {
				lines = append(lines, name+" must not import "+imported+", which is for tests and examples")
			}
		}
	}
	return lines
}

// fake reports whether a package stands in for another system: such a package lies
// beside the client of that system. Kubeflow's API is internal, for its stubs are.
func fake(name string) bool {
	beside := strings.HasPrefix(name, "platform/") && !strings.HasPrefix(name, "platform/internal/")
	return ForTests(name) && (beside || name == "internal/kfptest")
}

// CheckFakes returns one line for each package of this module that a fake links,
// directly or not, besides other fakes and the little that both ends may have in
// common. A mistake in code that a fake shares with the client is one that no test
// finds.
func CheckFakes(pkgs []Imports) []string {
	common := []string{"gen/...", "interceptors/serverauth", "internal/kfppb"}
	var lines []string
	for _, p := range pkgs {
		name := short(p.Package)
		if !fake(name) {
			continue
		}
		for _, linked := range ours(p.Deps) {
			if !fake(linked) && !matches(common, linked) {
				lines = append(lines, name+" must not link "+linked+": a fake shares no code with what it stands in for")
			}
		}
	}
	return lines
}
