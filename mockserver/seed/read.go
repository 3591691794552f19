package seed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxNodes limits how many values a file may have, those that aliases repeat included.
const maxNodes = 100_000

// maxProblems is how many problems are reported.
const maxProblems = 10

// reader reads YAML into messages by the names of their fields.
type reader struct {
	lines    map[proto.Message]int
	problems []Problem
	nodes    int
}

func (r *reader) failf(line int, format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{Line: max(line, 1), Text: fmt.Sprintf(format, args...)})
	}
}

func (r *reader) require(m proto.Message, value, field string) {
	if value == "" {
		r.failf(r.lines[m], "%s is missing", field)
	}
}

func (r *reader) once(m proto.Message, seen map[string]bool, what, name string) {
	if name != "" && seen[name] {
		r.failf(r.lines[m], "there is a %s %s already", what, name)
	}
	seen[name] = true
}

// document reads the one document of text.
func (r *reader) document(text []byte, into protoreflect.Message) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return // nothing but comments
	}
	if err != nil {
		r.syntax(err)
		return
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		r.failf(more.Line, "a second document begins here: a seed file is one")
		return
	}
	if root := doc.Content[0]; !null(root) {
		r.message(root, into)
	}
}

// syntax makes a problem of an error of the YAML reader, which has the line in its text.
func (r *reader) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if found := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text); found != nil {
		line, _ = strconv.Atoi(found[1]) // digits, or a number too large for a file
		text = text[len(found[0]):]
	}
	r.failf(line, "this is not YAML: %s", text)
}

// resolve follows an alias. False means that there is too much to read.
func (r *reader) resolve(n *yaml.Node) (*yaml.Node, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	r.nodes++
	if r.nodes == maxNodes {
		r.failf(n.Line, "the file has more than %d values, those that aliases repeat included", maxNodes)
	}
	return n, r.nodes < maxNodes
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// pairs calls visit for each key of a mapping.
func (r *reader) pairs(n *yaml.Node, visit func(key string, k, v *yaml.Node)) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode:
			r.failf(k.Line, "a name is expected here")
		case seen[k.Value]:
			r.failf(k.Line, "%s is given twice", k.Value)
		default:
			seen[k.Value] = true
			visit(k.Value, k, v)
		}
	}
}

// message reads a mapping into m.
func (r *reader) message(n *yaml.Node, m protoreflect.Message) {
	n, ok := r.resolve(n)
	if !ok {
		return
	}
	r.lines[m.Interface()] = n.Line
	if n.Kind != yaml.MappingNode {
		r.failf(n.Line, "want a mapping with fields such as %s", m.Descriptor().Fields().Get(0).Name())
		return
	}
	r.pairs(n, func(key string, k, v *yaml.Node) {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(key))
		if f == nil {
			r.failf(k.Line, "there is no field %q here; the fields are %s", key, names(m.Descriptor()))
			return
		}
		if v, ok := r.resolve(v); ok && !null(v) {
			r.field(v, m, f)
		}
	})
}

func names(d protoreflect.MessageDescriptor) string {
	out := make([]string, d.Fields().Len())
	for i := range out {
		out[i] = string(d.Fields().Get(i).Name())
	}
	return strings.Join(out, ", ")
}

func (r *reader) field(n *yaml.Node, m protoreflect.Message, f protoreflect.FieldDescriptor) {
	switch {
	case f.IsMap():
		if n.Kind != yaml.MappingNode {
			r.failf(n.Line, "%s: want a mapping", f.Name())
			return
		}
		into := m.Mutable(f).Map()
		r.pairs(n, func(key string, _, v *yaml.Node) {
			if value, ok := r.scalar(v, f.MapValue(), string(f.Name())+" "+key); ok {
				into.Set(protoreflect.ValueOfString(key).MapKey(), value)
			}
		})
	case f.IsList():
		if n.Kind != yaml.SequenceNode {
			r.failf(n.Line, "%s: want a list", f.Name())
			return
		}
		into := m.Mutable(f).List()
		for _, item := range n.Content {
			if f.Message() != nil {
				r.message(item, into.AppendMutable().Message())
			} else if value, ok := r.scalar(item, f, string(f.Name())); ok {
				into.Append(value)
			}
		}
	case f.Message() != nil:
		r.wellKnown(n, m, f)
	default:
		if value, ok := r.scalar(n, f, string(f.Name())); ok {
			m.Set(f, value)
		}
	}
}
