package values

import (
	"reflect"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// Named is literals with names: a *taskpb.Outputs or a *taskpb.Inputs.
type Named interface{ GetLiterals() []*taskpb.NamedLiteral }

// Get returns the value with a name as a T: the first output of a task is "o0". An int takes
// a float that is a whole number, a float an integer that loses no digits. None is the nil of
// a pointer, a slice or a map, and an error for any other T. T may be any: then a literal
// becomes nil, bool, int64, float64, string, [time.Time], [time.Duration], []byte, []any,
// map[string]any, [Blob], [Table] or [Binary], or, for what Go has no form for, a
// *corepb.Schema or *corepb.Error. The error is an [*Error].
func Get[T any](from Named, name string) (T, error) {
	var value T
	all, err := index(from)
	if err == nil {
		if l, ok := all.byName[name]; ok {
			w := &goWriter{structs: structs{}}
			err = w.set(reflect.ValueOf(&value).Elem(), l, place{})
		} else {
			err = wrong(ErrMissing, "there is none of that name; there are: %s", names(all.names))
		}
		if err != nil {
			err = inMember(name, err)
		}
	}
	if err != nil {
		var none T
		return none, within(rootOf(from), err)
	}
	return value, nil
}

// Decode reads all values into dst: a pointer to a struct, whose fields have the names in
// their json tags or else their own, or a pointer to a map with string keys. Values convert
// as in [Get]. A field without a value is an error, unless it is a pointer or its tag has
// omitempty or omitzero: then it stays as it is. Values without a field are ignored. If there
// is an error, dst may have been written in part. The error is an [*Error].
func Decode(from Named, dst any) error {
	if err := decode(from, reflect.ValueOf(dst)); err != nil {
		return within(rootOf(from), err)
	}
	return nil
}

// DecodeLiteral reads one literal into the value that dst points to, as [Get] does. The error
// is an [*Error].
func DecodeLiteral(l *corepb.Literal, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return within("value", wrong(ErrType, "have a %T to read into, want a pointer that is not nil", dst))
	}
	w := &goWriter{structs: structs{}}
	if err := w.set(v.Elem(), l, place{}); err != nil {
		return within("value", err)
	}
	return nil
}

func decode(from Named, dst reflect.Value) error {
	if dst.Kind() != reflect.Pointer || dst.IsNil() {
		return wrong(ErrType, "have no pointer to read into; give one to a struct or a map")
	}
	all, err := index(from)
	if err != nil {
		return err
	}
	w := &goWriter{structs: structs{}}
	dst = dst.Elem()
	switch {
	case dst.Kind() == reflect.Struct:
		for _, f := range w.structs.fields(dst.Type()) {
			l, ok := all.byName[f.name]
			field := f.place(dst)
			switch {
			case ok:
				if err := w.set(field, l, place{}); err != nil {
					return inMember(f.name, err)
				}
			case !f.optional(field.Type()):
				return inMember(f.name, wrong(ErrMissing, "there is none of that name; there are: %s", names(all.names)))
			}
		}
		return nil
	case dst.Kind() == reflect.Map && dst.Type().Key().Kind() == reflect.String, dst.Type() == reflect.TypeFor[any]():
		o := &object{}
		for _, name := range all.names {
			o.members = append(o.members, member{name, all.byName[name]})
		}
		return w.set(dst, o, place{})
	default:
		return wrong(ErrType, "have a pointer to %s to read into, want one to a struct or a map with string keys", dst.Type())
	}
}

type named struct {
	byName map[string]*corepb.Literal
	names  []string
}

func index(from Named) (named, error) {
	all := named{byName: map[string]*corepb.Literal{}}
	if from == nil {
		return all, nil
	}
	for _, l := range from.GetLiterals() {
		name := l.GetName()
		if _, twice := all.byName[name]; twice {
			return named{}, inMember(name, wrong(ErrMalformed, "there are two of that name"))
		}
		all.byName[name] = l.GetValue()
		all.names = append(all.names, name)
	}
	return all, nil
}

func rootOf(from Named) string {
	switch from.(type) {
	case *taskpb.Inputs:
		return "inputs"
	case *taskpb.Outputs:
		return "outputs"
	default:
		return "values"
	}
}
