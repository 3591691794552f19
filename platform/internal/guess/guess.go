// Package guess finds names that are probably misspelt, so that an error about a
// setting that is missing can show the one that was meant for it.
//
// [Variables] compares the names of the environment with those that a resolver
// reads; [Near] compares one name with a list, such as a key of a file with the known
// keys. Both see names only: a value is read to know whether it is blank, and never
// shown.
package guess

import (
	"os"
	"slices"
	"strings"
)

// maxEdits is how many letters of a name may be wrong.
const maxEdits = 2

// Near returns the known name that name probably stands for: the one that differs in
// case or underscores, in at most two letters (one, in a short name), or by one word
// between underscores. It is empty where no known name is that close.
func Near(name string, known ...string) string {
	nearest, least := "", maxEdits+1
	for _, k := range known {
		if d := distance(name, k); d < least {
			nearest, least = k, d
		}
	}
	return nearest
}

// Variables names variables that are set under a misspelt name: "FLYTE_ENDPOINT is
// set, but the variable is FLYTE_ADMIN_ENDPOINT". It is empty where it finds none.
//
// lookup and environ are a resolver's LookupEnv and Environ. Without both, they are
// os.LookupEnv and os.Environ; with lookup alone there is no list of names, and so no
// guess. known are all variables that the resolver reads, which are never taken for
// misspelt; missing are those whose value it lacks.
func Variables(lookup func(string) (string, bool), environ func() []string, known, missing []string) string {
	if lookup == nil {
		lookup = os.LookupEnv
		if environ == nil {
			environ = os.Environ
		}
	}
	if environ == nil {
		return ""
	}
	var found []string
	for _, entry := range environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !isName(name) || slices.Contains(known, name) || slices.Contains(missing, name) {
			continue
		}
		if value, ok := lookup(name); !ok || strings.TrimSpace(value) == "" {
			continue
		}
		if meant := Near(name, missing...); meant != "" {
			found = append(found, name+" is set, but the variable is "+meant)
		}
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), "; ")
}

// After returns text with the guess behind it, or alone without one.
func After(text, guessed string) string {
	if guessed == "" {
		return text
	}
	return text + "; " + guessed
}

// isName reports whether name is fit for an error: letters, digits and underscores.
func isName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
