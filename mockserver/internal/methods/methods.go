// Package methods compares the names by which tests name methods with those of a server: a
// full name ("/package.Service/Method"), all methods of a service ("/package.Service/*"), or
// every method ("*").
//
// Call [Normal] for the pattern that a name stands for, then [Match]. [Nearest] names the
// method that was meant by a wrong one.
package methods

import (
	"slices"
	"strings"
)

// Any is the pattern of every method.
const Any = "*"

// Normal gives a name its leading slash; no name means [Any].
func Normal(name string) string {
	switch {
	case name == "" || name == Any:
		return Any
	case strings.HasPrefix(name, "/"):
		return name
	default:
		return "/" + name
	}
}

// Match reports whether a pattern covers a full method name.
func Match(pattern, method string) bool {
	if all, ok := strings.CutSuffix(pattern, Any); ok {
		return strings.HasPrefix(method, all)
	}
	return pattern == method
}

// Nearest returns the full name, or all methods of the service, that is most like a pattern.
// It returns the pattern itself if that covers one of the names, of which there must be one.
func Nearest(pattern string, names []string) string {
	if pattern == Any {
		return pattern
	}
	if strings.HasSuffix(pattern, Any) {
		names = slices.Clone(names)
		for i, name := range names {
			names[i] = name[:strings.LastIndexByte(name, '/')+1] + Any
		}
	}
	if slices.Contains(names, pattern) {
		return pattern
	}
	return slices.MinFunc(names, func(a, b string) int { return unlike(pattern, a) - unlike(pattern, b) })
}

// unlike returns how far a name is from what was written: 0 if it only lacks the
// package, otherwise the number of letters to change, add and remove; a method without its
// service is compared with methods only.
func unlike(written, name string) int {
	if strings.HasSuffix(name, "."+strings.TrimPrefix(written, "/")) {
		return 0
	}
	if strings.LastIndexByte(written, '/') == 0 { // the method alone
		name = name[strings.LastIndexByte(name, '/'):]
	}
	row := make([]int, len(name)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(written) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(name) {
			changed := diagonal
			if written[i] != name[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(name)]
}
