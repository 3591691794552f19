package values

import (
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// literals makes literals of nodes.
type literals struct {
	asStruct bool // records that no type describes become a Struct
	tries    int  // of variants of unions
}

// inferred makes a literal of n whose form follows n alone.
func (l *literals) inferred(n node) (*corepb.Literal, error) {
	switch n := n.(type) {
	case nil:
		return scalar(&corepb.Scalar{Value: &corepb.Scalar_NoneType{NoneType: &corepb.Void{}}}), nil
	case bool:
		return primitive(&corepb.Primitive{Value: &corepb.Primitive_Boolean{Boolean: n}}), nil
	case int64:
		return integerLiteral(n), nil
	case uint64:
		return nil, wrong(ErrRange, "an integer above %d", math.MaxInt64)
	case float64:
		return floatLiteral(n), nil
	case string:
		return primitive(&corepb.Primitive{Value: &corepb.Primitive_StringValue{StringValue: n}}), nil
	case time.Time:
		return timeLiteral(n)
	case time.Duration:
		return primitive(&corepb.Primitive{Value: &corepb.Primitive_Duration{Duration: durationpb.New(n)}}), nil
	case []byte:
		return binaryLiteral("", n), nil
	case Binary:
		return binaryLiteral(n.Tag, n.Value), nil
	case Blob:
		return blobLiteral(n), nil
	case Table:
		return tableLiteral(n), nil
	case *corepb.Literal:
		return proto.CloneOf(n), nil
	case list:
		return collected(n, l.inferred)
	case *object:
		if n.record {
			return l.record(n, l.asStruct)
		}
		return mapped(n, l.inferred)
	default:
		return nil, wrong(ErrType, "%s cannot be sent", kind(n))
	}
}

func (l *literals) record(n node, asStruct bool) (*corepb.Literal, error) {
	if !asStruct {
		raw, err := packed(n)
		if err != nil {
			return nil, err
		}
		return binaryLiteral(tagMsgpack, raw), nil
	}
	v, err := structValue(n)
	if err != nil {
		return nil, err
	}
	s, ok := v.GetKind().(*structpb.Value_StructValue)
	if !ok {
		return nil, wrong(ErrType, "have %s, want a struct or a map", kind(n))
	}
	return scalar(&corepb.Scalar{Value: &corepb.Scalar_Generic{Generic: s.StructValue}}), nil
}

func collected(items list, convert func(node) (*corepb.Literal, error)) (*corepb.Literal, error) {
	c := &corepb.LiteralCollection{Literals: make([]*corepb.Literal, len(items))}
	for i, item := range items {
		var err error
		if c.Literals[i], err = convert(item); err != nil {
			return nil, inItem(i, err)
		}
	}
	return &corepb.Literal{Value: &corepb.Literal_Collection{Collection: c}}, nil
}

func mapped(o *object, convert func(node) (*corepb.Literal, error)) (*corepb.Literal, error) {
	m := &corepb.LiteralMap{Literals: make(map[string]*corepb.Literal, len(o.members))}
	for _, e := range o.members {
		var err error
		if m.Literals[e.name], err = convert(e.value); err != nil {
			return nil, inMember(e.name, err)
		}
	}
	return &corepb.Literal{Value: &corepb.Literal_Map{Map: m}}, nil
}

func scalar(s *corepb.Scalar) *corepb.Literal {
	return &corepb.Literal{Value: &corepb.Literal_Scalar{Scalar: s}}
}

func primitive(p *corepb.Primitive) *corepb.Literal {
	return scalar(&corepb.Scalar{Value: &corepb.Scalar_Primitive{Primitive: p}})
}

func integerLiteral(n int64) *corepb.Literal {
	return primitive(&corepb.Primitive{Value: &corepb.Primitive_Integer{Integer: n}})
}

func floatLiteral(f float64) *corepb.Literal {
	return primitive(&corepb.Primitive{Value: &corepb.Primitive_FloatValue{FloatValue: f}})
}

func timeLiteral(t time.Time) (*corepb.Literal, error) {
	if err := checkYear(t); err != nil {
		return nil, err
	}
	return primitive(&corepb.Primitive{Value: &corepb.Primitive_Datetime{Datetime: timestamppb.New(t)}}), nil
}

func binaryLiteral(tag string, value []byte) *corepb.Literal {
	return scalar(&corepb.Scalar{Value: &corepb.Scalar_Binary{Binary: &corepb.Binary{Tag: tag, Value: value}}})
}

func blobLiteral(b Blob) *corepb.Literal {
	t := &corepb.BlobType{Format: b.Format}
	if b.Dir {
		t.Dimensionality = corepb.BlobType_MULTIPART
	}
	l := scalar(&corepb.Scalar{Value: &corepb.Scalar_Blob{
		Blob: &corepb.Blob{Uri: b.URI, Metadata: &corepb.BlobMetadata{Type: t}},
	}})
	l.Hash = b.Hash
	return l
}

func tableLiteral(t Table) *corepb.Literal {
	l := scalar(&corepb.Scalar{Value: &corepb.Scalar_StructuredDataset{StructuredDataset: &corepb.StructuredDataset{
		Uri:      t.URI,
		Metadata: &corepb.StructuredDatasetMetadata{StructuredDatasetType: &corepb.StructuredDatasetType{Format: t.Format}},
	}}})
	l.Hash = t.Hash
	return l
}
