package values

import (
	"bytes"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// opened reads one level of a literal. A union is the value in it.
func opened(l *corepb.Literal) (node, error) {
	for range maxDepth {
		u, ok := l.GetScalar().GetValue().(*corepb.Scalar_Union)
		if !ok {
			return openedLiteral(l)
		}
		l = u.Union.GetValue()
	}
	return nil, wrong(ErrTooDeep, "the limit is %d levels", maxDepth)
}

func openedLiteral(l *corepb.Literal) (node, error) {
	switch v := l.GetValue().(type) {
	case *corepb.Literal_Scalar:
		return openedScalar(v.Scalar, l.GetHash())
	case *corepb.Literal_Collection:
		items := make(list, len(v.Collection.GetLiterals()))
		for i, item := range v.Collection.GetLiterals() {
			items[i] = item
		}
		return items, nil
	case *corepb.Literal_Map:
		o := &object{}
		for name, value := range v.Map.GetLiterals() {
			o.members = append(o.members, member{name, value})
		}
		o.sort()
		return o, nil
	case *corepb.Literal_OffloadedMetadata:
		return nil, wrong(ErrOffloaded, "it has %d bytes; read it into a *corepb.Literal for its URI, and fetch it there",
			v.OffloadedMetadata.GetSizeBytes())
	default:
		return nil, wrong(ErrMalformed, "a literal without a value")
	}
}

func openedScalar(s *corepb.Scalar, hash string) (node, error) {
	switch v := s.GetValue().(type) {
	case *corepb.Scalar_Primitive:
		return openedPrimitive(v.Primitive)
	case *corepb.Scalar_NoneType:
		return nil, nil //nolint:nilnil // None
	case *corepb.Scalar_Binary:
		return Binary{Tag: v.Binary.GetTag(), Value: bytes.Clone(v.Binary.GetValue())}, nil
	case *corepb.Scalar_Generic:
		return openedStruct(structpb.NewStructValue(v.Generic))
	case *corepb.Scalar_Blob:
		t := v.Blob.GetMetadata().GetType()
		return Blob{
			URI: v.Blob.GetUri(), Format: t.GetFormat(), Hash: hash,
			Dir: t.GetDimensionality() == corepb.BlobType_MULTIPART,
		}, nil
	case *corepb.Scalar_StructuredDataset:
		t := v.StructuredDataset.GetMetadata().GetStructuredDatasetType()
		return Table{URI: v.StructuredDataset.GetUri(), Format: t.GetFormat(), Hash: hash}, nil
	case *corepb.Scalar_Schema:
		return v.Schema, nil
	case *corepb.Scalar_Error:
		return v.Error, nil
	default:
		return nil, wrong(ErrMalformed, "a scalar without a value")
	}
}

func openedPrimitive(p *corepb.Primitive) (node, error) {
	switch v := p.GetValue().(type) {
	case *corepb.Primitive_Integer:
		return v.Integer, nil
	case *corepb.Primitive_FloatValue:
		return v.FloatValue, nil
	case *corepb.Primitive_StringValue:
		return v.StringValue, nil
	case *corepb.Primitive_Boolean:
		return v.Boolean, nil
	case *corepb.Primitive_Datetime:
		if err := v.Datetime.CheckValid(); err != nil {
			return nil, wrong(ErrRange, "a time outside of the years 1 to 9999, or no time")
		}
		return v.Datetime.AsTime(), nil
	case *corepb.Primitive_Duration:
		if v.Duration.CheckValid() != nil {
			return nil, wrong(ErrRange, "a duration whose seconds and nanoseconds contradict each other, or longer than 10,000 years")
		}
		d := v.Duration.AsDuration()
		if back := durationpb.New(d); back.GetSeconds() != v.Duration.GetSeconds() || back.GetNanos() != v.Duration.GetNanos() {
			return nil, wrong(ErrRange, "a duration of more than 292 years, which a time.Duration cannot hold")
		}
		return d, nil
	default:
		return nil, wrong(ErrMalformed, "a primitive without a value")
	}
}
