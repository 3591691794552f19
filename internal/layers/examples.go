package layers

import "strings"

// internalInExamples are the internal packages that an example may import after all,
// each with its reason.
func internalInExamples() map[string]map[string]string {
	const clash = "Kubeflow's own stubs are a large dependency, and ours must not be linked beside them"
	return map[string]map[string]string{
		"examples/kubeflow": {"internal/kfppb": clash, "internal/kfptest": clash},
	}
}

// CheckExamples returns one line for each import of an internal package by an example:
// a user copies an example into a module of their own, where it has to compile. The
// exceptions say at the top of the program what to import instead. An exception that is
// not needed any more is a line, too.
func CheckExamples(pkgs []Imports) []string {
	var lines []string
	for _, p := range pkgs {
		name := short(p.Package)
		if !match("examples/...", name) {
			continue
		}
		allowed := internalInExamples()[name]
		used := 0
		for _, imported := range ours(p.Code) {
			switch _, ok := allowed[imported]; {
			case !isInternal(imported):
			case ok:
				used++
			default:
				lines = append(lines, name+" must not import "+imported+", which a copy of the example could not import")
			}
		}
		if used < len(allowed) {
			lines = append(lines, name+" does not import all of its exceptions: take those from the list")
		}
	}
	return lines
}

func isInternal(name string) bool { return strings.Contains("/"+name+"/", "/internal/") }
