package seed

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// scalar reads a string, a boolean or the value of an enum, which is all that the messages
// have. A problem names the field and never a text, which may be a secret.
func (r *reader) scalar(n *yaml.Node, f protoreflect.FieldDescriptor, name string) (protoreflect.Value, bool) {
	n, ok := r.resolve(n)
	if !ok {
		return protoreflect.Value{}, false
	}
	tag := n.ShortTag()
	switch {
	case n.Kind != yaml.ScalarNode:
		r.failf(n.Line, "%s: want one value", name)
	case f.Kind() == protoreflect.BoolKind:
		if on, err := strconv.ParseBool(n.Value); err == nil && tag == "!!bool" {
			return protoreflect.ValueOfBool(on), true
		}
		r.failf(n.Line, "%s: want true or false", name)
	case f.Kind() == protoreflect.EnumKind:
		return r.enum(n, f.Enum(), name)
	case tag == "!!str":
		return protoreflect.ValueOfString(n.Value), true
	case tag == "!!null" || tag == "!!binary" || tag == "!!merge":
		r.failf(n.Line, "%s: want a text", name)
	default: // a version 1 or a secret 0123 is what was written
		return protoreflect.ValueOfString(n.Value), true
	}
	return protoreflect.Value{}, false
}

// enum reads a value by its name, with or without the prefix that all have, in any case.
func (r *reader) enum(n *yaml.Node, d protoreflect.EnumDescriptor, name string) (protoreflect.Value, bool) {
	prefix := strings.TrimSuffix(string(d.Values().Get(0).Name()), "UNSPECIFIED")
	text := strings.TrimPrefix(strings.ToUpper(n.Value), prefix)
	var known []string
	for i := range d.Values().Len() {
		v := d.Values().Get(i)
		short := strings.TrimPrefix(string(v.Name()), prefix)
		if v.Number() == 0 {
			continue
		}
		if short == text {
			return protoreflect.ValueOfEnum(v.Number()), true
		}
		known = append(known, strings.ToLower(short))
	}
	r.failf(n.Line, "%s: there is no %q; want one of %s", name, n.Value, strings.Join(known, ", "))
	return protoreflect.Value{}, false
}

// wellKnown reads the messages of protobuf itself that a file writes in a way of its own: a
// duration such as 300ms, and a mapping of values.
func (r *reader) wellKnown(n *yaml.Node, m protoreflect.Message, f protoreflect.FieldDescriptor) {
	var value proto.Message
	switch f.Message().FullName() {
	case "google.protobuf.Duration":
		d, err := time.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || d < 0 {
			r.failf(n.Line, "%s: want a duration such as 300ms or 1m30s", f.Name())
			return
		}
		value = durationpb.New(d)
	default: // google.protobuf.Struct
		if n.Kind != yaml.MappingNode {
			r.failf(n.Line, "%s: want a mapping of names and values", f.Name())
			return
		}
		value = r.values(n, string(f.Name()), maxDepth).GetStructValue()
	}
	m.Set(f, protoreflect.ValueOfMessage(value.ProtoReflect()))
}

// maxDepth is how deep a value may lie in others; an alias may repeat itself without end.
const maxDepth = 16

// values reads any value.
func (r *reader) values(n *yaml.Node, name string, depth int) *structpb.Value {
	n, ok := r.resolve(n)
	if !ok {
		return structpb.NewNullValue()
	}
	if depth == 0 {
		r.failf(n.Line, "%s: the value is nested more than %d deep", name, maxDepth)
		return structpb.NewNullValue()
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := &structpb.Struct{Fields: map[string]*structpb.Value{}}
		r.pairs(n, func(key string, _, v *yaml.Node) { out.Fields[key] = r.values(v, name, depth-1) })
		return structpb.NewStructValue(out)
	case yaml.SequenceNode:
		out := &structpb.ListValue{}
		for _, item := range n.Content {
			out.Values = append(out.Values, r.values(item, name, depth-1))
		}
		return structpb.NewListValue(out)
	default: // a scalar
	}
	var number float64
	switch tag := n.ShortTag(); {
	case tag == "!!null":
		return structpb.NewNullValue()
	case tag == "!!bool":
		return structpb.NewBoolValue(strings.EqualFold(n.Value, "true"))
	case tag == "!!int" || tag == "!!float":
		if err := n.Decode(&number); err != nil {
			r.failf(n.Line, "%s: this is not a number", name)
		}
		return structpb.NewNumberValue(number)
	default: // a date is a text
		return structpb.NewStringValue(n.Value)
	}
}
