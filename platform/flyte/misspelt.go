package flyte

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/platform/internal/guess"
)

// misspelt returns what an error about these missing keys adds to its text: variables
// that are set under a name like theirs, or of one of more, and lines of the file whose
// key looks like one of them. It is empty where there are none.
func (c *Config) misspelt(keys []string, more ...string) string {
	known := []string{EnvAPIKey, EnvUCTLConfig, EnvFlytectlConfig}
	for _, s := range settings() {
		known = append(known, Variable(s.key))
	}
	missing := slices.Clone(more)
	for _, key := range keys {
		missing = append(missing, Variable(key))
	}
	var found []string
	if set := guess.Variables(c.at.env, c.at.environ, known, missing); set != "" {
		found = append(found, set)
	}
	for _, w := range c.Warnings {
		if slices.ContainsFunc(keys, func(key string) bool { return w.meant == key || w.meant == sectionOf(key) }) {
			found = append(found, w.String())
		}
	}
	return strings.Join(found, "; ")
}

func sectionOf(key string) string {
	section, _, _ := strings.Cut(key, ".")
	return section
}

// meantSection returns the section, or the whole key, that an unknown section probably
// stands for; empty for none.
func meantSection(section string, known map[string]bool) string {
	if near := guess.Near(section, slices.Sorted(maps.Keys(known))...); near != "" {
		return near
	}
	for _, s := range settings() { // a key that stands outside of its section
		if _, name, _ := strings.Cut(s.key, "."); strings.EqualFold(name, section) {
			return s.key
		}
	}
	return ""
}

// meantKey returns the key of a section that an unknown one probably stands for; empty
// for none.
func meantKey(section, name string) string {
	var names []string
	for _, s := range settings() {
		if in, known, _ := strings.Cut(s.key, "."); in == section {
			names = append(names, known)
		}
	}
	if near := guess.Near(name, names...); near != "" {
		return section + "." + near
	}
	return ""
}

// unknown records a key or section that has no effect, and what was probably meant.
func (d *document) unknown(line int, what, name, meant string) {
	text := fmt.Sprintf("unknown %s %.120q has no effect", what, name)
	if meant != "" {
		text += fmt.Sprintf("; did you mean %q?", meant)
	}
	d.warnings = append(d.warnings, Warning{File: d.path, Line: line, Text: text, meant: meant})
}
