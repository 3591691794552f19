package values

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

const (
	// maxDepth is how deeply lists, maps and structs can be nested.
	maxDepth = 64
	// maxParts is how many parts a value can have, which bounds the memory for it.
	maxParts = 16 << 20
)

// A node is a value between the two worlds: nil, bool, int64, float64, string, []byte,
// time.Time, time.Duration, list, *object, [Blob], [Table], [Binary] or *corepb.Literal;
// uint64 for a number above the range of int64. Reading adds *structpb.Value, *corepb.Schema
// and *corepb.Error. Literals and *structpb.Value are opened one level at a time, by [opened].
type node = any

type list []node

// object has members with names.
type object struct {
	members []member
	// record is set when members may differ in type: a struct, not a map.
	record bool
}

type member struct {
	name  string
	value node
}

// kind returns what an error calls n.
func kind(n node) string {
	switch n := n.(type) {
	case nil:
		return "None"
	case bool:
		return "a boolean"
	case int64, uint64:
		return "an integer"
	case float64:
		return "a float"
	case string:
		return "a string"
	case []byte, Binary:
		return "binary data"
	case time.Time:
		return "a time"
	case time.Duration:
		return "a duration"
	case list:
		return "a list"
	case *object:
		if n.record {
			return "a struct"
		}
		return "a map"
	case Blob:
		if n.Dir {
			return "a folder"
		}
		return "a file"
	case Table, *corepb.Schema:
		return "a table"
	case *corepb.Error:
		return "an error"
	case *structpb.Value:
		return "JSON"
	default:
		return fmt.Sprintf("%T", n)
	}
}
