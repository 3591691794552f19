package values

import (
	"errors"
	"slices"
	"strings"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	"github.com/jetway-go/jetway/internal/fault"
)

// maxNames is how many names an error lists.
const maxNames = 20

// TypeName returns what errors of this package call a type, such as "a list of (a string)";
// for people, who see what a task takes.
func TypeName(t *corepb.LiteralType) string { return typeName(t, 0) }

// typeName returns what an error calls a type.
func typeName(t *corepb.LiteralType, depth int) string {
	if depth > 4 {
		return "…"
	}
	switch t := t.GetType().(type) {
	case *corepb.LiteralType_CollectionType:
		return "a list of (" + typeName(t.CollectionType, depth+1) + ")"
	case *corepb.LiteralType_MapValueType:
		return "a map of (" + typeName(t.MapValueType, depth+1) + ")"
	case *corepb.LiteralType_UnionType:
		var all []string
		for _, v := range t.UnionType.GetVariants()[:min(maxNames, len(t.UnionType.GetVariants()))] {
			all = append(all, typeName(v, depth+1))
		}
		return strings.Join(all, " or ")
	case *corepb.LiteralType_Blob:
		return kind(Blob{Dir: t.Blob.GetDimensionality() == corepb.BlobType_MULTIPART})
	case *corepb.LiteralType_StructuredDatasetType, *corepb.LiteralType_Schema:
		return "a table"
	case *corepb.LiteralType_EnumType:
		return "one of " + names(t.EnumType.GetValues())
	case *corepb.LiteralType_Simple:
		return simpleName(t.Simple)
	default:
		return "a type that is not known here"
	}
}

func simpleName(t corepb.SimpleType) string {
	switch t {
	case corepb.SimpleType_NONE:
		return "None"
	case corepb.SimpleType_INTEGER:
		return "an integer"
	case corepb.SimpleType_FLOAT:
		return "a float"
	case corepb.SimpleType_STRING:
		return "a string"
	case corepb.SimpleType_BOOLEAN:
		return "a boolean"
	case corepb.SimpleType_DATETIME:
		return "a time"
	case corepb.SimpleType_DURATION:
		return "a duration"
	case corepb.SimpleType_BINARY:
		return "binary data"
	case corepb.SimpleType_ERROR:
		return "an error"
	case corepb.SimpleType_STRUCT:
		return "a struct or a map"
	default:
		return "a type that is not known here"
	}
}

// names lists names for an error.
func names(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	more := ""
	if len(all) > maxNames {
		all, more = slices.Clone(all[:maxNames]), ", …"
	}
	return fault.Foreign(strings.Join(all, ", ")+more, fault.MaxForeign)
}

// tooMuch reports whether err says that the work is unbounded.
func tooMuch(err error) bool { return errors.Is(err, ErrTooMany) || errors.Is(err, ErrTooDeep) }
