// Package layers holds the import rule of this module: a package imports only
// what stands above it in the picture of docs/architecture.md.
//
// The rule is written down as a table, [Rules], one row per package. [Check] holds
// it against the imports that `go list` reports and returns one line per breach;
// the test of this package does so for the whole module. New code finds its place
// by its row: a package without one fails the test. [CheckForTests], [CheckFakes]
// and [CheckExamples] check what no row says: what is for tests stays there, a fake
// shares no code with the client that is tested against it, and an example can be
// copied.
package layers

import (
	"slices"
	"strings"
)

// Module is the path in front of every package here.
const Module = "github.com/jetway-go/jetway"

// Rule says what one package may import of this module. Names are paths below the
// module; "x/..." means x and everything below it.
type Rule struct {
	// Package is the path the row is about.
	Package string
	// May is what the package's own files may import.
	May []string
	// Tests is what its tests may import besides that and the package itself; nil
	// leaves them free. Most tests are: they may bring in the mock, for example.
	Tests []string
}

// Imports is what one package imports, by full import path.
type Imports struct {
	Package string
	Code    []string
	Tests   []string
	Deps    []string // all that the package's own files lead to, directly or not
}

// Check returns one line per breach of rules, in the order of pkgs, and then one
// per row that has lost its package.
func Check(rules []Rule, pkgs []Imports) []string {
	var lines []string
	used := map[string]bool{}
	for _, p := range pkgs {
		name := short(p.Package)
		rule, ok := find(rules, name)
		if !ok {
			lines = append(lines, name+" is not in the table of internal/layers: give it a row")
			continue
		}
		used[rule.Package] = true
		for _, imported := range ours(p.Code) {
			if !matches(rule.May, imported) {
				lines = append(lines, name+" must not import "+imported)
			}
		}
		if rule.Tests == nil {
			continue
		}
		for _, imported := range ours(p.Tests) {
			if imported != name && !matches(rule.May, imported) && !matches(rule.Tests, imported) {
				lines = append(lines, "tests of "+name+" must not import "+imported)
			}
		}
	}
	for _, r := range rules {
		if !used[r.Package] {
			lines = append(lines, "table of internal/layers has a row for "+r.Package+", which does not exist")
		}
	}
	return lines
}

// find returns the row of a package: the one with its very name before one with "...".
func find(rules []Rule, name string) (Rule, bool) {
	if i := slices.IndexFunc(rules, func(r Rule) bool { return r.Package == name }); i >= 0 {
		return rules[i], true
	}
	if i := slices.IndexFunc(rules, func(r Rule) bool { return match(r.Package, name) }); i >= 0 {
		return rules[i], true
	}
	return Rule{}, false
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, name) })
}

func match(pattern, name string) bool {
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == tree || strings.HasPrefix(name, tree+"/")
	}
	return name == pattern
}

// ours keeps the imports from this module, each once.
func ours(imports []string) []string {
	var list []string
	for _, path := range imports {
		if path == Module || strings.HasPrefix(path, Module+"/") {
			list = append(list, short(path))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// short is a path below the module; "." is the module's root.
func short(path string) string {
	if path == Module {
		return "."
	}
	return strings.TrimPrefix(path, Module+"/")
}
