package values

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// goReader turns Go values into nodes.
type goReader struct {
	structs structs
	parts   int
}

func (r *goReader) node(v reflect.Value, depth int) (node, error) {
	if r.parts++; r.parts > maxParts {
		return nil, wrong(ErrTooMany, "the limit is %d", maxParts)
	}
	if depth > maxDepth {
		return nil, wrong(ErrTooDeep, "the limit is %d levels; does the value contain itself?", maxDepth)
	}
	for range maxDepth {
		switch k := v.Kind(); {
		case k == reflect.Invalid, (k == reflect.Pointer || k == reflect.Interface) && v.IsNil():
			return nil, nil //nolint:nilnil // None
		case k == reflect.Interface:
			v = v.Elem()
			continue
		case k == reflect.Pointer:
			if l, ok := reflect.TypeAssert[*corepb.Literal](v); ok {
				return l, nil
			}
			v = v.Elem()
			continue
		}
		break
	}
	if n, ok, err := r.special(v, depth); ok || err != nil {
		return n, err
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return unsigned(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.String:
		return text(v.String())
	case reflect.Slice, reflect.Array:
		return r.list(v, depth)
	case reflect.Map:
		return r.mapping(v, depth)
	case reflect.Struct:
		return r.record(v, depth)
	default:
		return nil, wrong(ErrType, "a Go %s has no counterpart in Flyte", v.Type())
	}
}

// unsigned returns n as int64 where it fits.
func unsigned(n uint64) node {
	if n > math.MaxInt64 {
		return n
	}
	return int64(n)
}

func text(s string) (node, error) {
	if !utf8.ValidString(s) {
		return nil, wrong(ErrType, "a string that is not UTF-8; send it as []byte")
	}
	return s, nil
}

// special reads the types that are more than their kind says.
func (r *goReader) special(v reflect.Value, depth int) (_ node, ok bool, _ error) {
	switch x := v.Interface().(type) {
	case time.Time:
		return x, true, nil
	case time.Duration:
		return x, true, nil
	case Blob:
		return x, true, x.check()
	case Table:
		return x, true, x.check()
	case Binary:
		return Binary{Tag: x.Tag, Value: bytes.Clone(x.Value)}, true, nil
	case json.Number:
		n, err := number(x)
		return n, true, err
	}
	switch x := methodsOf(v).(type) {
	case proto.Message:
		return nil, true, wrong(ErrType, "a %T is a protocol message; give a Go value, or a *corepb.Literal to send as it is", x)
	case json.Marshaler:
		n, err := r.marshaled(x, depth)
		return n, true, err
	case encoding.TextMarshaler:
		n, err := marshaledText(x)
		return n, true, err
	}
	return nil, false, nil
}

// methodsOf returns a pointer to v, which has the methods of both.
func methodsOf(v reflect.Value) any {
	if !v.CanAddr() {
		copied := reflect.New(v.Type())
		copied.Elem().Set(v)
		v = copied.Elem()
	}
	return v.Addr().Interface()
}

func (r *goReader) marshaled(m json.Marshaler, depth int) (node, error) {
	raw, err := m.MarshalJSON()
	if err != nil {
		return nil, &Error{Err: err}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return nil, wrong(ErrMalformed, "MarshalJSON of %T returned no JSON: %w", m, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong(ErrMalformed, "MarshalJSON of %T returned more than one JSON value", m)
	}
	return r.node(reflect.ValueOf(x), depth+1)
}

func marshaledText(m encoding.TextMarshaler) (node, error) {
	raw, err := m.MarshalText()
	if err != nil {
		return nil, &Error{Err: err}
	}
	return text(string(raw))
}

// number reads a number of JSON: one without fraction and exponent is an integer. Beyond 64 bits
// it is the float that JSON writes so, if there is one.
func number(n json.Number) (node, error) {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i, nil
	}
	if u, err := strconv.ParseUint(string(n), 10, 64); err == nil {
		return u, nil
	}
	if !json.Valid([]byte(n)) { // strconv takes more, such as Inf and 1_000
		return nil, wrong(ErrRange, "a json.Number that is no number of JSON")
	}
	f, err := strconv.ParseFloat(string(n), 64)
	switch {
	case err != nil:
		return nil, wrong(ErrRange, "a json.Number that is no number of 64 bits")
	case !strings.ContainsAny(string(n), ".eE") && strconv.FormatFloat(f, 'f', -1, 64) != string(n):
		return nil, wrong(ErrRange, "an integer of more than 64 bits")
	}
	return f, nil
}

func (r *goReader) list(v reflect.Value, depth int) (node, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		raw := make([]byte, v.Len())
		for i := range raw {
			raw[i] = byte(v.Index(i).Uint()) //nolint:gosec // a byte
		}
		return raw, nil
	}
	items := make(list, v.Len())
	for i := range items {
		var err error
		if items[i], err = r.node(v.Index(i), depth+1); err != nil {
			return nil, inItem(i, err)
		}
	}
	return items, nil
}

// mapping reads a map, in the order of its keys.
func (r *goReader) mapping(v reflect.Value, depth int) (node, error) {
	o := &object{record: v.Type().Elem().Kind() == reflect.Interface}
	for key, value := range v.Seq2() {
		var name string
		switch {
		case key.Kind() == reflect.String:
			name = key.String()
		case key.CanInt():
			name, o.record = strconv.FormatInt(key.Int(), 10), true
		case key.CanUint():
			name, o.record = strconv.FormatUint(key.Uint(), 10), true
		default:
			return nil, wrong(ErrType, "the keys of a %s are neither strings nor integers", v.Type())
		}
		if _, err := text(name); err != nil {
			return nil, err
		}
		n, err := r.node(value, depth+1)
		if err != nil {
			return nil, inMember(name, err)
		}
		o.members = append(o.members, member{name, n})
	}
	slices.SortFunc(o.members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	return o, nil
}

// record reads a struct, in the order of its fields.
func (r *goReader) record(v reflect.Value, depth int) (node, error) {
	o := &object{record: true}
	for _, f := range r.structs.fields(v.Type()) {
		fv, ok := f.get(v)
		if !ok || f.omitted(fv) {
			continue
		}
		n, err := r.node(fv, depth+1)
		if err != nil {
			return nil, inMember(f.name, err)
		}
		o.members = append(o.members, member{f.name, n})
	}
	return o, nil
}
