package gateway_test

import (
	"math/rand/v2"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// fill sets some fields of m, to values that its JSON can hold.
func fill(random *rand.Rand, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for range random.IntN(6) {
		f := fields.Get(random.IntN(fields.Len()))
		switch {
		case f.Message() != nil && depth == 0:
		case f.IsMap():
			key := value(random, f.MapKey()).MapKey()
			m.Mutable(f).Map().Set(key, elementOf(random, f.MapValue(), m.Mutable(f).Map().NewValue(), depth))
		case f.IsList():
			list := m.Mutable(f).List()
			list.Append(elementOf(random, f, list.NewElement(), depth))
		case f.Message() != nil:
			m.Set(f, elementOf(random, f, m.NewField(f), depth))
		default:
			m.Set(f, value(random, f))
		}
	}
}

// elementOf fills an element that is a message, and makes any other.
func elementOf(random *rand.Rand, f protoreflect.FieldDescriptor, fresh protoreflect.Value, depth int) protoreflect.Value {
	if f.Message() == nil {
		return value(random, f)
	}
	m := fresh.Message()
	fields := m.Descriptor().Fields()
	switch f.Message().FullName() {
	case "google.protobuf.Timestamp":
		m.Set(fields.ByName("seconds"), protoreflect.ValueOfInt64(random.Int64N(253402300800)))
		m.Set(fields.ByName("nanos"), protoreflect.ValueOfInt32(random.Int32N(1_000_000_000)))
	case "google.protobuf.Duration": // a gateway reads it as one of Go
		m.Set(fields.ByName("seconds"), protoreflect.ValueOfInt64(random.Int64N(9_000_000_000)))
		m.Set(fields.ByName("nanos"), protoreflect.ValueOfInt32(random.Int32N(1_000_000_000)))
	case "google.protobuf.FieldMask":
		m.Mutable(fields.ByName("paths")).List().Append(protoreflect.ValueOfString("book.name"))
	case "google.protobuf.Value":
		m.Set(fields.ByName("string_value"), protoreflect.ValueOfString(text(random)))
	case "google.protobuf.Struct", "google.protobuf.ListValue", "google.protobuf.Any", "google.protobuf.Empty":
	default:
		fill(random, m, depth-1)
	}
	return fresh
}

func value(random *rand.Rand, f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(random.IntN(2) == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(random.IntN(f.Enum().Values().Len())))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(random.Uint32()))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(random.Uint32())
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(int64(random.Uint64()))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(random.Uint64())
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(random.NormFloat64()))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(random.NormFloat64() * 1e100)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(text(random)))
	default:
		return protoreflect.ValueOfString(text(random))
	}
}

func text(random *rand.Rand) string {
	const some = "abz09-_.~ %/+&=?#:;[]{}\"'\\<>\n\x00üж€😀"
	var b strings.Builder
	all := []rune(some)
	for range random.IntN(6) {
		b.WriteRune(all[random.IntN(len(all))])
	}
	return b.String()
}

// sent returns what can arrive of a message: without messages that have no fields, if the
// method's rule has parameters, since a query has no form for these.
func sent(name string, m proto.Message) proto.Message {
	rule, _ := proto.GetExtension(method(name).Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule.GetBody() != "*" {
		withoutEmpty(m.ProtoReflect())
	}
	return m
}

func withoutEmpty(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Message() == nil || f.IsList() || f.IsMap() || f.Message().ParentFile().Package() == "google.protobuf" {
			return true
		}
		withoutEmpty(v.Message())
		if proto.Size(v.Message().Interface()) == 0 {
			m.Clear(f)
		}
		return true
	})
}
