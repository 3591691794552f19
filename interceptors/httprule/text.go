package httprule

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var errNoText = errors.New("it is a message, which a query parameter cannot hold; the method needs a rule with a body")

// isText reports whether a message is one text in JSON or stands for one value: these can
// be in a path or be a query parameter of their own.
func isText(m protoreflect.MessageDescriptor) bool {
	switch m.FullName() {
	case "google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask",
		"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.Empty":
		return true
	default:
		return isWrapper(m)
	}
}

func isWrapper(m protoreflect.MessageDescriptor) bool {
	return m.FullName().Parent() == "google.protobuf" && strings.HasSuffix(string(m.Name()), "Value") &&
		m.Name() != "Value" && m.Name() != "ListValue" && m.Name() != "EnumValue"
}

// textOf returns one value of a field as a path or a query has it.
func textOf(f protoreflect.FieldDescriptor, v protoreflect.Value) (string, error) {
	switch f.Kind() {
	case protoreflect.EnumKind:
		if known := f.Enum().Values().ByNumber(v.Enum()); known != nil {
			return string(known.Name()), nil
		}
		return strconv.Itoa(int(v.Enum())), nil
	case protoreflect.BytesKind:
		// Gateways take both alphabets; this one needs no escaping.
		return base64.URLEncoding.EncodeToString(v.Bytes()), nil
	case protoreflect.FloatKind:
		return floatText(v.Float(), 32), nil
	case protoreflect.DoubleKind:
		return floatText(v.Float(), 64), nil
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return messageText(v.Message())
	default:
		return v.String(), nil
	}
}

func floatText(f float64, bits int) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	default:
		return strconv.FormatFloat(f, 'g', -1, bits)
	}
}

func messageText(m protoreflect.Message) (string, error) {
	switch desc := m.Descriptor(); {
	case isWrapper(desc):
		f := desc.Fields().ByName("value")
		return textOf(f, m.Get(f))
	case desc.FullName() == "google.protobuf.FieldMask":
		paths := m.Get(desc.Fields().ByName("paths")).List()
		all := make([]string, paths.Len())
		for i := range all {
			all[i] = paths.Get(i).String()
		}
		return strings.Join(all, ","), nil
	case !isText(desc):
		return "", errNoText
	}
	raw, err := protojson.Marshal(m.Interface())
	if err != nil {
		return "", err
	}
	if text, err := strconv.Unquote(string(raw)); err == nil && isTime(m.Descriptor()) {
		return text, nil
	}
	return string(raw), nil
}

// isTime reports whether the JSON form of a message is a string whose quotes a query leaves
// out. Those of a Value stay, because they are what makes it a string.
func isTime(m protoreflect.MessageDescriptor) bool {
	return m.Name() == "Timestamp" || m.Name() == "Duration"
}
