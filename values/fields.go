package values

import (
	"reflect"
	"slices"
	"strings"
)

// field is a field of a struct that is converted.
type field struct {
	name                string
	index               []int // through embedded structs
	tagged              bool
	omitEmpty, omitZero bool
}

// optional reports whether the field may be left out.
func (f field) optional(t reflect.Type) bool {
	return f.omitEmpty || f.omitZero || t.Kind() == reflect.Pointer
}

// structs knows the fields of the types that one conversion has met.
type structs map[reflect.Type][]field

func (s structs) fields(t reflect.Type) []field {
	if known, ok := s[t]; ok {
		return known
	}
	found := dominant(walk(t, nil, nil))
	s[t] = found
	return found
}

// walk returns the fields of t and of the structs embedded in it, in order.
func walk(t reflect.Type, at []int, above []reflect.Type) []field {
	if slices.Contains(above, t) { // embeds itself, by a pointer
		return nil
	}
	above = append(slices.Clip(above), t)
	var found []field
	for sf := range t.Fields() {
		tag, tagged := sf.Tag.Lookup("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		index := append(slices.Clip(at), sf.Index...)
		if sf.Anonymous && name == "" {
			inner := sf.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				if sf.IsExported() || sf.Type.Kind() == reflect.Struct {
					found = append(found, walk(inner, index, above)...)
				}
				continue
			}
		}
		if !sf.IsExported() {
			continue
		}
		f := field{name: name, index: index, tagged: tagged && name != ""}
		if name == "" {
			f.name = sf.Name
		}
		for o := range strings.SplitSeq(options, ",") {
			f.omitEmpty = f.omitEmpty || o == "omitempty"
			f.omitZero = f.omitZero || o == "omitzero"
		}
		found = append(found, f)
	}
	return found
}

// dominant leaves, of fields with the same name, the one that Go's rules for embedding and
// package encoding/json choose; none if they do not choose.
func dominant(all []field) []field {
	return slices.DeleteFunc(slices.Clone(all), func(f field) bool {
		return slices.ContainsFunc(all, func(other field) bool {
			if other.name != f.name || slices.Equal(other.index, f.index) {
				return false
			}
			if len(other.index) != len(f.index) {
				return len(other.index) < len(f.index)
			}
			return other.tagged || !f.tagged
		})
	})
}

// get returns the field in v; not ok if an embedded pointer on the way is nil.
func (f field) get(v reflect.Value) (_ reflect.Value, ok bool) {
	for i, at := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	return v, true
}

// place returns the field in v to write to; embedded pointers on the way are set.
func (f field) place(v reflect.Value) reflect.Value {
	for i, at := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	return v
}

// omitted reports whether the options of the field leave v out.
func (f field) omitted(v reflect.Value) bool {
	if f.omitZero {
		if z, ok := reflect.TypeAssert[interface{ IsZero() bool }](v); ok {
			if v.Kind() == reflect.Pointer && v.IsNil() || z.IsZero() {
				return true
			}
		} else if v.IsZero() {
			return true
		}
	}
	if !f.omitEmpty {
		return false
	}
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}
