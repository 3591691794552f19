package values

import (
	"cmp"
	"encoding/base64"
	"math"
	"slices"

	"google.golang.org/protobuf/types/known/structpb"
)

// structValue writes n as a value of a protobuf Struct, whose numbers are float64.
func structValue(n node) (*structpb.Value, error) {
	n, err := plainNode(n)
	if err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case nil:
		return structpb.NewNullValue(), nil
	case bool:
		return structpb.NewBoolValue(n), nil
	case int64:
		if n > maxExact || n < -maxExact {
			return nil, wrong(ErrRange, "an integer beyond 2^53, which would lose digits in a JSON struct")
		}
		return structpb.NewNumberValue(float64(n)), nil
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, wrong(ErrRange, "NaN or an infinity, which JSON does not have")
		}
		return structpb.NewNumberValue(n), nil
	case string:
		return structpb.NewStringValue(n), nil
	case []byte:
		return structpb.NewStringValue(base64.StdEncoding.EncodeToString(n)), nil
	case list:
		items := &structpb.ListValue{Values: make([]*structpb.Value, len(n))}
		for i, item := range n {
			if items.Values[i], err = structValue(item); err != nil {
				return nil, inItem(i, err)
			}
		}
		return structpb.NewListValue(items), nil
	case *object:
		s := &structpb.Struct{Fields: make(map[string]*structpb.Value, len(n.members))}
		for _, m := range n.members {
			if s.Fields[m.name], err = structValue(m.value); err != nil {
				return nil, inMember(m.name, err)
			}
		}
		return structpb.NewStructValue(s), nil
	case uint64:
		return nil, wrong(ErrRange, "an integer beyond 2^53, which would lose digits in a JSON struct")
	default:
		return nil, wrong(ErrType, "%s cannot be inside of a struct", kind(n))
	}
}

// openedStruct reads one level of a protobuf Struct.
func openedStruct(v *structpb.Value) (node, error) {
	switch v := v.GetKind().(type) {
	case *structpb.Value_NullValue:
		return nil, nil //nolint:nilnil // None
	case *structpb.Value_BoolValue:
		return v.BoolValue, nil
	case *structpb.Value_NumberValue:
		return v.NumberValue, nil
	case *structpb.Value_StringValue:
		return v.StringValue, nil
	case *structpb.Value_ListValue:
		items := make(list, len(v.ListValue.GetValues()))
		for i, item := range v.ListValue.GetValues() {
			items[i] = item
		}
		return items, nil
	case *structpb.Value_StructValue:
		o := &object{record: true}
		for name, value := range v.StructValue.GetFields() {
			o.members = append(o.members, member{name, value})
		}
		o.sort()
		return o, nil
	default:
		return nil, wrong(ErrMalformed, "a JSON value of no kind")
	}
}

func (o *object) sort() {
	slices.SortFunc(o.members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
}
