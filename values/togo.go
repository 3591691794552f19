package values

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// goWriter writes nodes into Go values.
type goWriter struct {
	structs structs
	parts   int
}

// place is where in a literal a node stands.
type place struct {
	depth  int
	inside bool // of a struct, where a time is text and a duration a number
}

func (p place) deeper() place { return place{p.depth + 1, p.inside} }

// open opens n until it is a value of its own: see [node]. Binary stays.
func (w *goWriter) open(n node, p place) (node, place, error) {
	if w.parts++; w.parts > maxParts {
		return nil, p, wrong(ErrTooMany, "the limit is %d", maxParts)
	}
	if p.depth > maxDepth {
		return nil, p, wrong(ErrTooDeep, "the limit is %d levels", maxDepth)
	}
	var err error
	switch lit := n.(type) {
	case *corepb.Literal:
		n, err = opened(lit)
		if o, ok := n.(*object); ok && o.record {
			p.inside = true
		}
	case *structpb.Value:
		n, err = openedStruct(lit)
	}
	return n, p, err
}

// unwrap is open, and opens msgpack too.
func (w *goWriter) unwrap(n node, p place) (node, place, error) {
	n, p, err := w.open(n, p)
	switch b, ok := n.(Binary); {
	case err != nil || !ok:
		return n, p, err
	case b.Tag == "":
		return b.Value, p, nil
	case b.Tag == tagMsgpack:
		n, err = unpacked(b.Value)
		p.inside = true
		return n, p, err
	default:
		return b, p, nil
	}
}

// set writes n into dst, which is addressable.
func (w *goWriter) set(dst reflect.Value, n node, p place) error {
	if l, ok := n.(*corepb.Literal); ok && dst.Type() == reflect.TypeFor[*corepb.Literal]() {
		dst.Set(reflect.ValueOf(proto.CloneOf(l)))
		return nil
	}
	open := w.unwrap
	if dst.Type() == reflect.TypeFor[Binary]() {
		open = w.open
	}
	n, p, err := open(n, p)
	if err != nil {
		return err
	}
	switch m := n.(type) {
	case *corepb.Schema:
		n = proto.CloneOf(m)
	case *corepb.Error:
		n = proto.CloneOf(m)
	}
	switch {
	case n != nil && dst.Type() == reflect.TypeOf(n) && dst.Kind() != reflect.Interface:
		dst.Set(reflect.ValueOf(n))
		return nil
	case dst.Kind() == reflect.Pointer:
		if n == nil {
			dst.SetZero()
			return nil
		}
		dst.Set(reflect.New(dst.Type().Elem()))
		return w.set(dst.Elem(), n, p.deeper())
	case dst.Kind() == reflect.Interface:
		return w.setInterface(dst, n, p)
	}
	if done, err := w.setSpecial(dst, n, p); done || err != nil {
		return err
	}
	if n == nil {
		if k := dst.Kind(); k == reflect.Slice || k == reflect.Map {
			dst.SetZero()
			return nil
		}
		return wrong(ErrType, "have None, want %s; read it into a *%s, where None is nil", dst.Type(), dst.Type())
	}
	return w.setKind(dst, n, p)
}

func (w *goWriter) setInterface(dst reflect.Value, n node, p place) error {
	x, err := w.natural(n, p)
	if err != nil {
		return err
	}
	switch {
	case x == nil:
		dst.SetZero()
	case !reflect.TypeOf(x).AssignableTo(dst.Type()):
		return wrong(ErrType, "have %s, want %s", kind(n), dst.Type())
	default:
		dst.Set(reflect.ValueOf(x))
	}
	return nil
}

// setSpecial writes into the types that are more than their kind says.
func (w *goWriter) setSpecial(dst reflect.Value, n node, p place) (done bool, err error) {
	switch x := dst.Addr().Interface().(type) {
	case *time.Time:
		if s, ok := n.(string); ok && p.inside {
			*x, err = parseTime(s)
			return true, err
		}
		return true, wrong(ErrType, "have %s, want a time", kind(n))
	case *time.Duration:
		if p.inside {
			*x, err = toDuration(n)
			return true, err
		}
		return true, wrong(ErrType, "have %s, want a duration", kind(n))
	case *Blob:
		if o, ok := n.(*object); ok && o.record {
			x.URI, x.Format, x.Hash, err = o.place()
			return true, err
		}
		return true, wrong(ErrType, "have %s, want a file or a folder", kind(n))
	case *Table:
		if o, ok := n.(*object); ok && o.record {
			x.URI, x.Format, x.Hash, err = o.place()
			return true, err
		}
		return true, wrong(ErrType, "have %s, want a table", kind(n))
	case *Binary:
		raw, ok := n.([]byte)
		if !ok {
			return true, wrong(ErrType, "have %s, want binary data", kind(n))
		}
		*x = Binary{Value: raw}
		return true, nil
	case *json.Number:
		return true, setNumber(x, n)
	case proto.Message:
		return true, wrong(ErrType, "have %s, want %s", kind(n), dst.Type())
	case json.Unmarshaler:
		return true, w.unmarshal(x, n, p)
	case encoding.TextUnmarshaler:
		s, ok := n.(string)
		switch {
		case n == nil:
			return false, nil
		case !ok:
			return true, wrong(ErrType, "have %s, want a string", kind(n))
		}
		if err := x.UnmarshalText([]byte(s)); err != nil {
			return true, wrong(ErrType, "%s does not take the string: %w", dst.Type(), err)
		}
		return true, nil
	default:
		return false, nil
	}
}

func setNumber(x *json.Number, n node) error {
	switch n := n.(type) {
	case int64:
		*x = json.Number(strconv.FormatInt(n, 10))
	case uint64:
		*x = json.Number(strconv.FormatUint(n, 10))
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return wrong(ErrRange, "a float that is not finite, which JSON has no number for")
		}
		*x = json.Number(strconv.FormatFloat(n, 'g', -1, 64))
	default:
		return wrong(ErrType, "have %s, want a number", kind(n))
	}
	return nil
}

func (w *goWriter) unmarshal(x json.Unmarshaler, n node, p place) error {
	natural, err := w.natural(n, p)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(natural)
	if err != nil {
		return wrong(ErrType, "%s has no form in JSON: %w", kind(n), err)
	}
	if err := x.UnmarshalJSON(raw); err != nil {
		return wrong(ErrType, "%T does not take it: %w", x, err)
	}
	return nil
}

// natural returns the Go value for n where the program does not say which it wants.
func (w *goWriter) natural(n node, p place) (any, error) {
	n, p, err := w.unwrap(n, p)
	if err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case list:
		items := make([]any, len(n))
		for i, item := range n {
			if items[i], err = w.natural(item, p.deeper()); err != nil {
				return nil, inItem(i, err)
			}
		}
		return items, nil
	case *object:
		m := make(map[string]any, len(n.members))
		for _, e := range n.members {
			if m[e.name], err = w.natural(e.value, p.deeper()); err != nil {
				return nil, inMember(e.name, err)
			}
		}
		return m, nil
	default:
		return n, nil
	}
}
