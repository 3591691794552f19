package flyte

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Warning describes a line of a config file that has no effect.
type Warning struct {
	File string // its path
	Line int    // from 1
	Text string // why it has no effect, and which key was probably meant

	meant string // that key, or a section; empty for none
}

// String returns "file:line: text".
func (w Warning) String() string { return fmt.Sprintf("%s:%d: %s", w.File, w.Line, w.Text) }

// document is the parsed content of a file.
type document struct {
	path     string
	values   map[string]value
	lines    map[string]int
	warnings []Warning
	merges   int // how many mappings were merged into others
}

const maxAliases = 8 // in a row; a config file needs none

// parseFile parses a YAML file. Its errors name the line, and contain nothing of the
// file but keys.
func parseFile(path string, content []byte) (document, error) {
	d := document{path: path, values: map[string]value{}, lines: map[string]int{}}
	documents := yaml.NewDecoder(bytes.NewReader(content))
	var root, another yaml.Node
	switch err := documents.Decode(&root); {
	case errors.Is(err, io.EOF):
		return d, nil // empty, or comments only
	case err != nil:
		return d, &Error{Where: path, Err: errors.New(withoutQuotes(err))}
	}
	switch err := documents.Decode(&another); {
	case err == nil:
		err = d.fail(another.Line, "a second document begins here, which would have no effect: keep one")
		return d, err
	case !errors.Is(err, io.EOF):
		return d, &Error{Where: path, Err: errors.New(withoutQuotes(err))}
	}
	top := follow(root.Content[0])
	if isNull(top) {
		return d, nil
	}
	err := d.sections(top)
	return d, err
}

// withoutQuotes returns the text of a YAML error without what it quotes of the file.
func withoutQuotes(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	before, rest, quoted := strings.Cut(text, "'")
	if !quoted {
		return text
	}
	return before + "'…'" + rest[strings.LastIndex(rest, "'")+1:]
}

func follow(n *yaml.Node) *yaml.Node {
	for range maxAliases {
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			break
		}
		n = n.Alias
	}
	return n
}

func (d *document) fail(line int, format string, args ...any) error {
	return &Error{Where: fmt.Sprintf("%s:%d", d.path, line), Err: fmt.Errorf(format, args...)}
}

func (d *document) sections(top *yaml.Node) error {
	known := map[string]setting{}
	names := map[string]bool{}
	for _, s := range settings() {
		known[s.key] = s
		section, _, _ := strings.Cut(s.key, ".")
		names[section] = true
	}
	sections, err := d.pairs(top, "the file")
	if err != nil {
		return err
	}
	for _, section := range sections {
		switch meant := meantSection(section.key, names); {
		case foreign(section.key):
		case !names[section.key]:
			if meant != "" || !hasAnchor(section.value) {
				d.unknown(section.line, "section", section.key, meant)
			}
		case !isNull(follow(section.value)):
			if err := d.section(section, known); err != nil {
				return err
			}
		}
	}
	return nil
}

// section reads the settings of one section.
func (d *document) section(section pair, known map[string]setting) error {
	pairs, err := d.pairs(follow(section.value), section.key)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		key := section.key + "." + p.key
		s, ok := known[key]
		if !ok {
			d.unknown(p.line, "key", key, meantKey(section.key, p.key))
			continue
		}
		if err := d.take(s, p.line, follow(p.value)); err != nil {
			return err
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// take reads one setting.
func (d *document) take(s setting, line int, n *yaml.Node) error {
	var v value
	var err error
	switch {
	case isNull(n):
		return nil
	case n.Kind == yaml.SequenceNode && s.kind.isList():
		for _, item := range n.Content {
			item = follow(item)
			if item.Kind != yaml.ScalarNode || isNull(item) {
				return d.fail(item.Line, "every item of %s must be text", s.key)
			}
			v.list = append(v.list, item.Value)
		}
	case n.Kind != yaml.ScalarNode:
		return d.fail(line, "%s must be %s", s.key, s.kind)
	case s.kind == boolean && n.ShortTag() != "!!bool" && n.ShortTag() != "!!str",
		s.kind != boolean && n.ShortTag() == "!!bool":
		return d.fail(line, "%s must be %s", s.key, s.kind)
	default:
		if v, err = parseFileText(s.kind, n.Value); err != nil {
			return d.fail(line, "%s %w", s.key, err)
		}
	}
	if v.set(s.kind) {
		d.values[s.key], d.lines[s.key] = v, line
	}
	return nil
}
