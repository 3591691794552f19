package values

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
)

// setKind writes n, which is not nil, into a plain kind of value.
func (w *goWriter) setKind(dst reflect.Value, n node, p place) error {
	switch dst.Kind() {
	case reflect.Bool:
		if b, ok := n.(bool); ok {
			dst.SetBool(b)
			return nil
		}
	case reflect.String:
		if s, ok := n.(string); ok {
			dst.SetString(s)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setInt(dst, n)
	case reflect.Float32, reflect.Float64:
		return setFloat(dst, n)
	case reflect.Slice, reflect.Array:
		if dst.Type().Elem().Kind() == reflect.Uint8 {
			return w.setBytes(dst, n, p)
		}
		if items, ok := n.(list); ok {
			return w.setItems(dst, items, p)
		}
	case reflect.Map:
		if o, ok := n.(*object); ok {
			return w.setMap(dst, o, p)
		}
	case reflect.Struct:
		if o, ok := n.(*object); ok {
			return w.setStruct(dst, o, p)
		}
	default: // no value of another kind is read
	}
	return wrong(ErrType, "have %s, want %s", kind(n), dst.Type())
}

func setInt(dst reflect.Value, n node) error {
	n, err := toInt(n)
	if err != nil {
		return err
	}
	var fits bool
	i, isSigned := n.(int64)
	if dst.CanInt() {
		if fits = isSigned && !dst.OverflowInt(i); fits {
			dst.SetInt(i)
		}
	} else {
		u, isUnsigned := n.(uint64)
		if isSigned {
			u = uint64(max(i, 0))
		}
		if fits = (isUnsigned || i >= 0) && !dst.OverflowUint(u); fits {
			dst.SetUint(u)
		}
	}
	if !fits {
		return wrong(ErrRange, "an integer that a Go %s cannot hold", dst.Type())
	}
	return nil
}

func setFloat(dst reflect.Value, n node) error {
	f, err := toFloat(n)
	switch {
	case err != nil:
		return err
	case dst.OverflowFloat(f) && !math.IsInf(f, 0):
		return wrong(ErrRange, "a float that a Go %s cannot hold", dst.Type())
	}
	dst.SetFloat(f)
	return nil
}

// setBytes reads base64 inside of a struct too: JSON has no bytes.
func (w *goWriter) setBytes(dst reflect.Value, n node, p place) error {
	raw, ok := n.([]byte)
	if s, isText := n.(string); isText && p.inside {
		decoded, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return wrong(ErrType, "a string that is no base64, where bytes are wanted")
		}
		raw, ok = decoded, true
	}
	switch {
	case !ok:
		return wrong(ErrType, "have %s, want bytes", kind(n))
	case dst.Kind() == reflect.Slice:
		dst.Set(reflect.MakeSlice(dst.Type(), len(raw), len(raw)))
	case dst.Len() != len(raw):
		return wrong(ErrRange, "have %d bytes, want %d", len(raw), dst.Len())
	}
	for i, b := range raw {
		dst.Index(i).SetUint(uint64(b))
	}
	return nil
}

func (w *goWriter) setItems(dst reflect.Value, items list, p place) error {
	if dst.Kind() == reflect.Slice {
		dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
	} else if dst.Len() != len(items) {
		return wrong(ErrRange, "have %d items, want %d", len(items), dst.Len())
	}
	for i, item := range items {
		if err := w.set(dst.Index(i), item, p.deeper()); err != nil {
			return inItem(i, err)
		}
	}
	return nil
}

func (w *goWriter) setMap(dst reflect.Value, o *object, p place) error {
	t := dst.Type()
	dst.Set(reflect.MakeMapWithSize(t, len(o.members)))
	for _, m := range o.members {
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := setKey(key, m.name); err != nil {
			return inMember(m.name, err)
		}
		if dst.MapIndex(key).IsValid() {
			return inMember(m.name, wrong(ErrMalformed, "two keys that are the same %s", t.Key()))
		}
		if err := w.set(value, m.value, p.deeper()); err != nil {
			return inMember(m.name, err)
		}
		dst.SetMapIndex(key, value)
	}
	return nil
}

func setKey(key reflect.Value, name string) error {
	switch {
	case key.Kind() == reflect.String:
		key.SetString(name)
		return nil
	case key.CanInt():
		if i, err := strconv.ParseInt(name, 10, key.Type().Bits()); err == nil {
			key.SetInt(i)
			return nil
		}
	case key.CanUint():
		if u, err := strconv.ParseUint(name, 10, key.Type().Bits()); err == nil {
			key.SetUint(u)
			return nil
		}
	}
	return wrong(ErrType, "the key is no %s", key.Type())
}

// setStruct leaves fields that o does not have as they are, and ignores what dst does not have.
func (w *goWriter) setStruct(dst reflect.Value, o *object, p place) error {
	byName := make(map[string]node, len(o.members))
	for _, m := range o.members {
		byName[m.name] = m.value
	}
	for _, f := range w.structs.fields(dst.Type()) {
		n, ok := byName[f.name]
		if !ok {
			continue
		}
		if err := w.set(f.place(dst), n, p.deeper()); err != nil {
			return inMember(f.name, err)
		}
	}
	return nil
}
