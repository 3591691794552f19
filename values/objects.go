package values

import (
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// plainNode returns n as it stands inside a struct, in the form that Flyte's SDK gives it in
// msgpack and JSON alike: a time is text, a duration a number of seconds, a file or a table
// an object.
func plainNode(n node) (node, error) {
	switch n := n.(type) {
	case time.Time:
		return timeText(n)
	case time.Duration:
		return seconds(n)
	case Blob:
		return placed("path", n.URI, n.Format, n.Hash), nil
	case Table:
		return placed("uri", n.URI, n.Format, n.Hash), nil
	case Binary:
		if n.Tag != "" {
			return nil, wrong(ErrType, "binary data with a tag cannot be inside of a struct; give a []byte")
		}
		return n.Value, nil
	case *corepb.Literal:
		return nil, wrong(ErrType, "a *corepb.Literal cannot be inside of a struct; give a Go value")
	default:
		return n, nil
	}
}

func placed(place, uri, format, hash string) *object {
	o := &object{record: true, members: []member{{place, uri}, {"format", format}}}
	if hash != "" {
		o.members = append(o.members, member{"hash", hash})
	}
	return o
}

// place reads what placed wrote, and the names that Flyte's console uses.
func (o *object) place() (uri, format, hash string, err error) {
	for _, m := range o.members {
		value := m.value
		if v, lazy := value.(*structpb.Value); lazy {
			if value, err = openedStruct(v); err != nil {
				return "", "", "", inMember(m.name, err)
			}
		}
		s, ok := value.(string)
		switch {
		case value == nil:
			continue
		case m.name == "path" || m.name == "uri":
			uri = s
		case m.name == "format":
			format = s
		case m.name == "hash":
			hash = s
		default:
			continue
		}
		if !ok {
			return "", "", "", inMember(m.name, wrong(ErrType, "have %s, want a string", kind(value)))
		}
	}
	if uri == "" {
		return "", "", "", wrong(ErrType, "the struct has neither path nor uri, so it is no file, folder or table")
	}
	return uri, format, hash, nil
}
