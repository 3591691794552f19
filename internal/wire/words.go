package wire

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// typeName is a field's type as the tables write it.
func (c *collector) typeName(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return "map<" + c.typeName(f.MapKey()) + "," + c.typeName(f.MapValue()) + ">"
	case f.Message() != nil:
		c.refer(f.Message())
		return string(f.Message().FullName())
	case f.Enum() != nil:
		c.refer(f.Enum())
		return string(f.Enum().FullName())
	default:
		return f.Kind().String()
	}
}

func label(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return "map"
	case f.HasOptionalKeyword():
		return "optional"
	case f.Cardinality() == protoreflect.Optional:
		return "singular"
	default:
		return f.Cardinality().String() // repeated; required if the file is proto2
	}
}

func streaming(m protoreflect.MethodDescriptor) string {
	switch {
	case m.IsStreamingClient() && m.IsStreamingServer():
		return "bidi_stream"
	case m.IsStreamingClient():
		return "client_stream"
	case m.IsStreamingServer():
		return "server_stream"
	default:
		return "unary"
	}
}

func idempotency(m protoreflect.MethodDescriptor) string {
	opts, ok := m.Options().(*descriptorpb.MethodOptions)
	if level := opts.GetIdempotencyLevel(); ok && level != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
		return strings.ToLower(level.String())
	}
	return "-"
}

// deprecation asks any kind of options: each has the flag, none shares a type.
func deprecation(d protoreflect.Descriptor) string {
	if opts, ok := d.Options().(interface{ GetDeprecated() bool }); ok && opts.GetDeprecated() {
		return "deprecated"
	}
	return "-"
}

// jsonName is the JSON name that the protobuf language gives a field by itself:
// an underscore goes, the letter behind it becomes a capital.
func jsonName(name protoreflect.Name) string {
	b := strings.Builder{}
	upper := false
	for _, r := range string(name) {
		switch {
		case r == '_':
			upper = true
		case upper:
			b.WriteString(strings.ToUpper(string(r)))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
