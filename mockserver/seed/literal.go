package seed

import (
	"maps"
	"math"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

func simpleTypes() map[string]corepb.SimpleType {
	return map[string]corepb.SimpleType{
		"string": corepb.SimpleType_STRING, "integer": corepb.SimpleType_INTEGER, "float": corepb.SimpleType_FLOAT,
		"boolean": corepb.SimpleType_BOOLEAN, "datetime": corepb.SimpleType_DATETIME, "duration": corepb.SimpleType_DURATION,
	}
}

// literals returns values as literals, sorted by name. A value has the type that its
// variable declares, or without one the type that it looks like.
func literals(what string, values *structpb.Struct, declared *corepb.VariableMap) ([]*taskpb.NamedLiteral, error) {
	types := map[string]corepb.SimpleType{}
	for _, v := range declared.GetVariables() {
		types[v.GetKey()] = v.GetValue().GetType().GetSimple()
	}
	var out []*taskpb.NamedLiteral
	for _, name := range slices.Sorted(maps.Keys(values.GetFields())) {
		value := values.GetFields()[name]
		kind, ok := types[name]
		switch {
		case len(types) > 0 && !ok:
			return nil, status.Errorf(codes.InvalidArgument, "%s: the task has no %q", what, name)
		case !ok:
			kind = looksLike(value)
		}
		p := primitive(value, kind)
		if p == nil {
			return nil, status.Errorf(codes.InvalidArgument, "%s: %s is not %s", what, name, article(kind))
		}
		out = append(out, &taskpb.NamedLiteral{Name: name, Value: &corepb.Literal{
			Value: &corepb.Literal_Scalar{Scalar: &corepb.Scalar{Value: &corepb.Scalar_Primitive{Primitive: p}}},
		}})
	}
	return out, nil
}

// looksLike returns the type of a value without a declared one.
func looksLike(v *structpb.Value) corepb.SimpleType {
	switch v.GetKind().(type) {
	case *structpb.Value_StringValue:
		return corepb.SimpleType_STRING
	case *structpb.Value_BoolValue:
		return corepb.SimpleType_BOOLEAN
	case *structpb.Value_NumberValue:
		if whole(v.GetNumberValue()) {
			return corepb.SimpleType_INTEGER
		}
		return corepb.SimpleType_FLOAT
	default:
		return corepb.SimpleType_NONE
	}
}

// whole reports whether a number is an integer that a double holds exactly.
func whole(n float64) bool { return n == math.Trunc(n) && math.Abs(n) <= 1<<53 }

func article(kind corepb.SimpleType) string {
	for name, k := range simpleTypes() {
		if k == kind {
			if name == "integer" {
				return "an integer"
			}
			return "a " + name
		}
	}
	return "a string, a boolean or a number"
}

// primitive returns v as a value of a type; nil if it is none.
func primitive(v *structpb.Value, kind corepb.SimpleType) *corepb.Primitive {
	text, isText := v.GetKind().(*structpb.Value_StringValue)
	number, isNumber := v.GetKind().(*structpb.Value_NumberValue)
	flag, isFlag := v.GetKind().(*structpb.Value_BoolValue)
	switch {
	case kind == corepb.SimpleType_STRING && isText:
		return &corepb.Primitive{Value: &corepb.Primitive_StringValue{StringValue: text.StringValue}}
	case kind == corepb.SimpleType_BOOLEAN && isFlag:
		return &corepb.Primitive{Value: &corepb.Primitive_Boolean{Boolean: flag.BoolValue}}
	case kind == corepb.SimpleType_INTEGER && isNumber && whole(number.NumberValue):
		return &corepb.Primitive{Value: &corepb.Primitive_Integer{Integer: int64(number.NumberValue)}}
	case kind == corepb.SimpleType_FLOAT && isNumber:
		return &corepb.Primitive{Value: &corepb.Primitive_FloatValue{FloatValue: number.NumberValue}}
	case kind == corepb.SimpleType_DATETIME && isText:
		if at, err := time.Parse(time.RFC3339, text.StringValue); err == nil {
			return &corepb.Primitive{Value: &corepb.Primitive_Datetime{Datetime: timestamppb.New(at)}}
		}
	case kind == corepb.SimpleType_DURATION && isText:
		if d, err := time.ParseDuration(text.StringValue); err == nil {
			return &corepb.Primitive{Value: &corepb.Primitive_Duration{Duration: durationpb.New(d)}}
		}
	}
	return nil
}
