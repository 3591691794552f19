package httprule

import (
	"bytes"
	"encoding/json"
	"maps"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// bareValue returns a field of m that is no single message as a body of its own. A
// grpc-gateway reads such a body without the rules for JSON of protobuf: enums by number
// only, and 64-bit numbers without the quotes that they have within a message.
func bareValue(m protoreflect.Message, f protoreflect.FieldDescriptor, opts protojson.MarshalOptions) ([]byte, error) {
	element := f
	if f.IsMap() {
		element = f.MapValue()
	}
	opts.UseEnumNumbers = element.Kind() == protoreflect.EnumKind
	// It has a JSON form in a message only.
	only := m.New()
	only.Set(f, m.Get(f))
	raw, err := opts.Marshal(only.Interface())
	if err != nil {
		return nil, err
	}
	var member map[string]json.RawMessage
	if err := json.Unmarshal(raw, &member); err != nil {
		return nil, err
	}
	var value json.RawMessage
	for v := range maps.Values(member) {
		value = v
	}
	switch element.Kind() {
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return unquoted(value, f.IsMap())
	default:
		return value, nil
	}
}

// unquoted returns numbers that are strings as numbers.
func unquoted(value []byte, isMap bool) ([]byte, error) {
	if !isMap {
		return bytes.ReplaceAll(value, []byte{'"'}, nil), nil
	}
	var texts map[string]json.Number
	if err := json.Unmarshal(value, &texts); err != nil {
		return nil, err
	}
	return json.Marshal(texts)
}
