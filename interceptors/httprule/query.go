package httprule

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var errKey = errors.New(`a key with "[" or a line break cannot be in a query: a gateway reads another one there, or none`)

// query collects the parameters of the fields that are not elsewhere.
type query struct {
	values    url.Values
	elsewhere map[string]bool // paths of fields, in proto names
	camel     bool
}

// add adds the fields of m; path and name are those of m with a dot behind, in proto names
// and as they are sent.
func (q *query) add(m protoreflect.Message, path, name string) (err error) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		path := path + string(f.Name())
		if q.elsewhere[path] {
			return true
		}
		if err = q.addField(f, v, path, name+q.nameOf(f)); err != nil {
			return false
		}
		return true
	})
	return err
}

func (q *query) addField(f protoreflect.FieldDescriptor, v protoreflect.Value, path, name string) error {
	switch {
	case f.IsMap():
		var err error
		v.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
			if strings.ContainsAny(key.String(), "[\n") {
				err = fmt.Errorf("field %s: %w", path, errKey)
				return false
			}
			err = q.addText(f.MapValue(), v, path, name+"["+key.String()+"]")
			return err == nil
		})
		return err
	case f.IsList():
		for i := range v.List().Len() {
			if err := q.addText(f, v.List().Get(i), path, name); err != nil {
				return err
			}
		}
		return nil
	case f.Message() != nil && !isText(f.Message()) && f.Message().FullName() != "google.protobuf.Any":
		return q.add(v.Message(), path+".", name+".")
	default:
		return q.addText(f, v, path, name)
	}
}

func (q *query) addText(f protoreflect.FieldDescriptor, v protoreflect.Value, path, name string) error {
	text, err := textOf(f, v)
	if err != nil {
		return fmt.Errorf("field %s: %w", path, err)
	}
	q.values.Add(name, text)
	return nil
}

func (q *query) nameOf(f protoreflect.FieldDescriptor) string {
	if q.camel {
		return f.JSONName()
	}
	return string(f.Name())
}

// fieldText returns the value of the field in a path; a message on the way that is not set
// has none.
func fieldText(m protoreflect.Message, path []string) (string, error) {
	for i, name := range path {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if f == nil {
			return "", fmt.Errorf("the message has no field %s", strings.Join(path, "."))
		}
		if i < len(path)-1 {
			m = m.Get(f).Message()
			continue
		}
		if f.HasPresence() && !m.Has(f) {
			return "", nil
		}
		return textOf(f, m.Get(f))
	}
	return "", nil
}
