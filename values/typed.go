package values

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// typed makes a literal of type t of n. If it is strict, nothing is converted: an integer is
// no float, and a text is no time. The depth bounds types that are nested without values.
func (l *literals) typed(n node, t *corepb.LiteralType, strict bool, depth int) (*corepb.Literal, error) {
	if depth > maxDepth {
		return nil, wrong(ErrTooDeep, "the limit is %d levels", maxDepth)
	}
	if given, ok := n.(*corepb.Literal); ok {
		return proto.CloneOf(given), nil
	}
	inner := func(t *corepb.LiteralType) func(node) (*corepb.Literal, error) {
		return func(n node) (*corepb.Literal, error) { return l.typed(n, t, strict, depth+1) }
	}
	switch t := t.GetType().(type) {
	case nil: // a type that is not known yet
		return l.inferred(n)
	case *corepb.LiteralType_UnionType:
		return l.union(n, t.UnionType.GetVariants(), strict, depth)
	case *corepb.LiteralType_CollectionType:
		if items, ok := n.(list); ok {
			return collected(items, inner(t.CollectionType))
		}
	case *corepb.LiteralType_MapValueType:
		if o, ok := n.(*object); ok {
			return mapped(o, inner(t.MapValueType))
		}
	case *corepb.LiteralType_Blob:
		return blobAs(n, t.Blob, strict)
	case *corepb.LiteralType_StructuredDatasetType:
		return tableAs(n, t.StructuredDatasetType, strict)
	case *corepb.LiteralType_EnumType:
		return enumAs(n, t.EnumType.GetValues())
	case *corepb.LiteralType_Simple:
		if t.Simple == corepb.SimpleType_STRUCT {
			break
		}
		return l.simple(n, t.Simple, strict)
	}
	if o, ok := n.(*object); ok && t.GetSimple() == corepb.SimpleType_STRUCT {
		return l.record(o, !wantsMsgpack(t))
	}
	return nil, mismatch(n, t)
}

func mismatch(n node, t *corepb.LiteralType) error {
	return wrong(ErrType, "have %s, want %s", kind(n), typeName(t, 0))
}

// wantsMsgpack reports whether the SDK that declared the type reads its structs from
// msgpack: it says so in an annotation.
func wantsMsgpack(t *corepb.LiteralType) bool {
	notes := t.GetAnnotation().GetAnnotations().GetFields()["cache-key-metadata"].GetStructValue()
	return notes.GetFields()["serialization-format"].GetStringValue() == tagMsgpack
}

func (l *literals) simple(n node, want corepb.SimpleType, strict bool) (*corepb.Literal, error) {
	if have, ok := simpleOf(n); ok && have == want {
		return l.inferred(n)
	}
	var as node
	var err error
	switch s, isText := n.(string); {
	case strict:
		err = ErrType
	case isText && want == corepb.SimpleType_DATETIME:
		as, err = parseTime(s)
		return l.converted(as, err)
	case isText && want == corepb.SimpleType_DURATION:
		as, err = parseDuration(s)
		return l.converted(as, err)
	case want == corepb.SimpleType_INTEGER:
		as, err = toInt(n)
	case want == corepb.SimpleType_FLOAT:
		as, err = toFloat(n)
	default:
		err = ErrType
	}
	if errors.Is(err, ErrType) {
		return nil, mismatch(n, &corepb.LiteralType{Type: &corepb.LiteralType_Simple{Simple: want}})
	}
	return l.converted(as, err)
}

func (l *literals) converted(n node, err error) (*corepb.Literal, error) {
	if err != nil {
		return nil, err
	}
	return l.inferred(n)
}

// simpleOf returns the simple type that n has by itself.
func simpleOf(n node) (_ corepb.SimpleType, ok bool) {
	switch n.(type) {
	case nil:
		return corepb.SimpleType_NONE, true
	case bool:
		return corepb.SimpleType_BOOLEAN, true
	case int64, uint64:
		return corepb.SimpleType_INTEGER, true
	case float64:
		return corepb.SimpleType_FLOAT, true
	case string:
		return corepb.SimpleType_STRING, true
	case time.Time:
		return corepb.SimpleType_DATETIME, true
	case time.Duration:
		return corepb.SimpleType_DURATION, true
	case []byte, Binary:
		return corepb.SimpleType_BINARY, true
	default:
		return 0, false
	}
}

func enumAs(n node, values []string) (*corepb.Literal, error) {
	s, ok := n.(string)
	switch {
	case !ok:
		return nil, wrong(ErrType, "have %s, want one of %s", kind(n), names(values))
	case !slices.Contains(values, s):
		return nil, wrong(ErrType, "the string is not one of %s", names(values))
	}
	return primitive(&corepb.Primitive{Value: &corepb.Primitive_StringValue{StringValue: s}}), nil
}

// blobAs takes a URI for a blob, too.
func blobAs(n node, want *corepb.BlobType, strict bool) (*corepb.Literal, error) {
	dir := want.GetDimensionality() == corepb.BlobType_MULTIPART
	wanted := kind(Blob{Dir: dir})
	b, ok := n.(Blob)
	if s, isText := n.(string); isText && !strict {
		if !strings.Contains(s, "://") {
			return nil, wrong(ErrType, "want %s: a Blob, or a string with its URI, such as s3://bucket/key; upload local data first", wanted)
		}
		b, ok = Blob{URI: s, Dir: dir}, true
	}
	if !ok || b.Dir != dir {
		return nil, wrong(ErrType, "have %s, want %s", kind(n), wanted)
	}
	format, err := formatAs(b.Format, want.GetFormat())
	if err != nil {
		return nil, err
	}
	b.Format = format
	return blobLiteral(b), nil
}

// tableAs takes a URI for a table, too.
func tableAs(n node, want *corepb.StructuredDatasetType, strict bool) (*corepb.Literal, error) {
	t, ok := n.(Table)
	if s, isText := n.(string); isText && !strict && strings.Contains(s, "://") {
		t, ok = Table{URI: s}, true
	}
	if !ok {
		return nil, wrong(ErrType, "have %s, want a table: a Table, or a string with its URI", kind(n))
	}
	format, err := formatAs(t.Format, want.GetFormat())
	if err != nil {
		return nil, err
	}
	t.Format = format
	l := tableLiteral(t)
	columns := l.GetScalar().GetStructuredDataset().GetMetadata().GetStructuredDatasetType()
	for _, c := range want.GetColumns() {
		columns.Columns = append(columns.Columns, proto.CloneOf(c))
	}
	columns.ExternalSchemaType = want.GetExternalSchemaType()
	columns.ExternalSchemaBytes = bytes.Clone(want.GetExternalSchemaBytes())
	return l, nil
}

func formatAs(have, want string) (string, error) {
	if have == "" || want == "" || have == want {
		return cmp.Or(have, want), nil
	}
	return "", wrong(ErrType, "have the format %q, want %q", have, want)
}
