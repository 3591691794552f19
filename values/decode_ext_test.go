package values_test

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/values"
)

const (
	none   = `scalar { none_type {} }`
	one    = `scalar { primitive { integer: 1 } }`
	half   = `scalar { primitive { float_value: 0.5 } }`
	hello  = `scalar { primitive { string_value: "hello" } }`
	file   = `scalar { blob { uri: "s3://b/k" metadata { type { format: "csv" } } } } hash: "h"`
	packed = `scalar { binary { tag: "msgpack" value: "\x83\xa1a\x01\xa1b\xc0\xa1c\x91\xa1x" } }` // {a: 1, b: None, c: ["x"]}
	jsonL  = `scalar { generic { fields { key: "a" value { number_value: 1 } } fields { key: "b" value { null_value: NULL_VALUE } }
		fields { key: "c" value { list_value { values { string_value: "x" } } } } } }`
)

type abc struct {
	A int      `json:"a"`
	B *int     `json:"b"`
	C []string `json:"c"`
	D string   `json:"d"` // of no literal here
}

type span time.Duration

func (s *span) UnmarshalJSON(raw []byte) error {
	*s = span(len(raw))
	return nil
}

func TestLiteralsBecomeGoValues(t *testing.T) {
	t.Parallel()
	inUnion := func(text string) string { return `scalar { union { value { ` + text + ` } type { simple: STRING } } }` }
	text := "hello"
	for _, c := range []struct {
		literal string
		want    any
	}{
		{one, int64(1)},
		{one, 1},
		{one, uint8(1)},
		{one, 1.0},
		{one, float32(1)},
		{one, json.Number("1")},
		{`scalar { primitive { float_value: 3 } }`, 3},
		{half, 0.5},
		{half, json.Number("0.5")},
		{hello, "hello"},
		{hello, &text},
		{hello, level("hello")},
		{inUnion(hello), "hello"},
		{inUnion(inUnion(hello)), &text},
		{inUnion(none), (*string)(nil)},
		{none, (*string)(nil)},
		{none, []int(nil)},
		{none, map[string]int(nil)},
		{`scalar { primitive { boolean: true } }`, true},
		{`scalar { primitive { datetime { seconds: 1 nanos: 5 } } }`, time.Unix(1, 5).UTC()},
		{`scalar { primitive { duration { seconds: -1 nanos: -5 } } }`, -time.Second - 5},
		{`scalar { primitive { duration { seconds: 9223372036 nanos: 854775807 } } }`, time.Duration(math.MaxInt64)},
		{`scalar { primitive { string_value: "::1" } }`, netip.MustParseAddr("::1")},
		{`scalar { binary { value: "b" } }`, []byte("b")},
		{`scalar { binary { value: "b" } }`, [1]byte{'b'}},
		{`scalar { binary { value: "b" } }`, values.Binary{Value: []byte("b")}},
		{`scalar { binary { value: "b" tag: "x" } }`, values.Binary{Tag: "x", Value: []byte("b")}},
		{`scalar { binary { value: "\x01" tag: "msgpack" } }`, values.Binary{Tag: "msgpack", Value: []byte{1}}},
		{`scalar { binary { value: "\x01" tag: "msgpack" } }`, 1},
		{`scalar { binary { value: "\xc4\x01b" tag: "msgpack" } }`, []byte("b")},
		{`collection {}`, []int{}},
		{`collection { literals { ` + one + ` } literals { ` + inUnion(one) + ` } }`, []int{1, 1}},
		{`collection { literals { ` + one + ` } literals { ` + one + ` } }`, [2]int{1, 1}},
		{`map { literals { key: "a" value { ` + one + ` } } }`, map[string]int{"a": 1}},
		{`map { literals { key: "a" value { ` + one + ` } } }`, map[level]float64{"a": 1}},
		{`map { literals { key: "7" value { ` + one + ` } } }`, map[int16]int{7: 1}},
		{`map { literals { key: "a" value { ` + one + ` } } literals { key: "z" value { ` + hello + ` } } }`, abc{A: 1}},
		{packed, abc{A: 1, C: []string{"x"}}},
		{jsonL, abc{A: 1, C: []string{"x"}}},
		{packed, json.RawMessage(`{"a":1,"b":null,"c":["x"]}`)},
		{jsonL, json.RawMessage(`{"a":1,"b":null,"c":["x"]}`)},
		{packed, span(len(`{"a":1,"b":null,"c":["x"]}`))},
		{file, values.Blob{URI: "s3://b/k", Format: "csv", Hash: "h"}},
		{file, &values.Blob{URI: "s3://b/k", Format: "csv", Hash: "h"}},
		{`scalar { structured_dataset { uri: "s3://b/t" } }`, values.Table{URI: "s3://b/t"}},
		{`scalar { error { message: "m" } }`, &corepb.Error{Message: "m"}},
		{`scalar { schema { uri: "u" } }`, &corepb.Schema{Uri: "u"}},
		{`offloaded_metadata { uri: "u" }`, lit(t, `offloaded_metadata { uri: "u" }`)},
		{`collection { literals { ` + one + ` } }`, []*corepb.Literal{lit(t, one)}},
		{packed, map[string]any{"a": int64(1), "b": nil, "c": []any{"x"}}},

		// What Flyte's SDK writes into structs.
		{`scalar { generic { fields { key: "t" value { string_value: "2026-01-02T03:04:05.000006+00:00" } } fields { key: "n" value { string_value: "2026-01-02T03:04:05" } }
			fields { key: "d" value { number_value: 5400.25 } } fields { key: "i" value { string_value: "-P1W2DT1H1M1.5S" } } fields { key: "day" value { string_value: "2026-01-02" } } } }`,
			struct {
				T   time.Time     `json:"t"`
				N   time.Time     `json:"n"`
				Day time.Time     `json:"day"`
				D   time.Duration `json:"d"`
				I   time.Duration `json:"i"`
			}{
				time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
				90*time.Minute + 250*time.Millisecond, -(9*24*time.Hour + time.Hour + time.Minute + 1500*time.Millisecond),
			}},
		{`scalar { generic { fields { key: "f" value { struct_value { fields { key: "path" value { string_value: "s3://b/k" } } fields { key: "name" value { string_value: "k" } }
			fields { key: "format" value { string_value: "csv" } } fields { key: "hash" value { null_value: NULL_VALUE } } } } } } }`,
			struct {
				F values.Blob `json:"f"`
			}{values.Blob{URI: "s3://b/k", Format: "csv"}}},
	} {
		got := reflect.New(reflect.TypeOf(c.want))
		if err := values.DecodeLiteral(lit(t, c.literal), got.Interface()); err != nil {
			t.Errorf("%s into %T: %v", c.literal, c.want, err)
			continue
		}
		if diff := cmp.Diff(c.want, got.Elem().Interface(), protocmp.Transform(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s into %T (-want +got):\n%s", c.literal, c.want, diff)
		}
	}
}

func TestAnyTakesTheNaturalGoValue(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]any{
		none:   nil,
		one:    int64(1),
		half:   0.5,
		hello:  "hello",
		packed: map[string]any{"a": int64(1), "b": nil, "c": []any{"x"}},
		jsonL:  map[string]any{"a": 1.0, "b": nil, "c": []any{"x"}},
		file:   values.Blob{URI: "s3://b/k", Format: "csv", Hash: "h"},
		`scalar { primitive { duration { seconds: 1 } } }`:                                   time.Second,
		`scalar { primitive { datetime { seconds: 1 } } }`:                                   time.Unix(1, 0).UTC(),
		`scalar { binary { value: "b" } }`:                                                   []byte("b"),
		`scalar { binary { value: "b" tag: "x" } }`:                                          values.Binary{Tag: "x", Value: []byte("b")},
		`scalar { binary { value: "\xcf\xff\xff\xff\xff\xff\xff\xff\xff" tag: "msgpack" } }`: uint64(math.MaxUint64),
		`collection { literals { ` + one + ` } literals { ` + none + ` } }`:                  []any{int64(1), nil},
		`map { literals { key: "a" value { collection {} } } }`:                              map[string]any{"a": []any{}},
		`scalar { error { message: "m" } }`:                                                  &corepb.Error{Message: "m"},
	} {
		got := any("something else")
		if err := values.DecodeLiteral(lit(t, literal), &got); err != nil {
			t.Errorf("%s: %v", literal, err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", literal, diff)
		}
	}
}

func TestWhatCannotBeReadIsAnErrorThatSaysWhere(t *testing.T) {
	t.Parallel()
	type recursive *recursive
	big := `scalar { primitive { integer: 9007199254740993 } }`
	var list, union string
	for range 70 {
		list += "collection { literals { "
		union += "scalar { union { value { "
	}
	list += one + strings.Repeat(" } }", 70)
	union += one + strings.Repeat(" } } }", 70)
	for _, c := range []struct {
		literal string
		dst     any
		kind    error
		text    string
	}{
		{one, "", values.ErrType, "value: wrong type: have an integer, want string"},
		{one, false, values.ErrType, "have an integer"},
		{hello, 0, values.ErrType, "have a string, want an integer"},
		{hello, 0.0, values.ErrType, "have a string, want a float"},
		{hello, time.Time{}, values.ErrType, "want a time"},
		{`scalar { primitive { string_value: "2026-01-02" } }`, time.Time{}, values.ErrType, "want a time"}, // no struct
		{one, time.Duration(0), values.ErrType, "want a duration"},
		{one, struct{}{}, values.ErrType, "have an integer"},
		{one, []int{}, values.ErrType, "have an integer, want []int"},
		{one, map[string]int{}, values.ErrType, "have an integer"},
		{one, values.Blob{}, values.ErrType, "want a file or a folder"},
		{one, values.Table{}, values.ErrType, "want a table"},
		{one, values.Binary{}, values.ErrType, "want binary data"},
		{one, &corepb.Error{}, values.ErrType, "have an integer"},
		{one, make(chan int), values.ErrType, "want chan int"},
		{one, recursive(nil), values.ErrTooDeep, "64"},
		{hello, netip.Addr{}, values.ErrType, "netip.Addr does not take"},
		{one, netip.Addr{}, values.ErrType, "have an integer, want a string"},
		{none, 0, values.ErrType, "have None, want int; read it into a *int, where None is nil"},
		{none, "", values.ErrType, "have None"},
		{none, time.Time{}, values.ErrType, "have None"},
		{half, 0, values.ErrRange, "no whole number"},
		{`scalar { primitive { float_value: nan } }`, 0, values.ErrRange, "no whole number"},
		{`scalar { primitive { float_value: inf } }`, 0, values.ErrRange, "beyond 2^53"},
		{`scalar { primitive { float_value: nan } }`, json.Number(""), values.ErrRange, "not finite"},
		{`scalar { primitive { float_value: -inf } }`, json.Number(""), values.ErrRange, "not finite"},
		{big, 0.0, values.ErrRange, "lose digits"},
		{big, int32(0), values.ErrRange, "int32 cannot hold"},
		{`scalar { primitive { integer: -1 } }`, uint(0), values.ErrRange, "uint cannot hold"},
		{`scalar { primitive { integer: 256 } }`, uint8(0), values.ErrRange, "uint8"},
		{`scalar { primitive { float_value: 1e300 } }`, float32(0), values.ErrRange, "float32"},
		{`scalar { binary { value: "\xcf\xff\xff\xff\xff\xff\xff\xff\xff" tag: "msgpack" } }`, int64(0), values.ErrRange, "int64"},
		{`scalar { generic { fields { key: "a" value { number_value: 9007199254740994 } } } }`, abc{}, values.ErrRange, "value.a: out of range: a float beyond 2^53"},
		{`scalar { primitive { datetime { seconds: 999999999999 } } }`, time.Time{}, values.ErrRange, "years 1 to 9999"},
		{`scalar { primitive { datetime { nanos: -1 } } }`, time.Time{}, values.ErrRange, "time"},
		{`scalar { primitive { duration { seconds: 9223372037 } } }`, time.Duration(0), values.ErrRange, "292 years"},
		{`scalar { primitive { duration { seconds: 9223372036 nanos: 900000000 } } }`, time.Duration(0), values.ErrRange, "292 years"},
		{`scalar { primitive { duration { seconds: 1 nanos: -1 } } }`, time.Duration(0), values.ErrRange, "contradict"},
		{`collection { literals { ` + one + ` } literals { ` + hello + ` } }`, []int{}, values.ErrType, "value[1]: wrong type"},
		{`collection { literals { ` + one + ` } }`, [2]int{}, values.ErrRange, "have 1 items, want 2"},
		{`scalar { binary { value: "b" } }`, [2]byte{}, values.ErrRange, "have 1 bytes, want 2"},
		{`map { literals { key: "a b" value { ` + hello + ` } } }`, map[string]int{}, values.ErrType, `value["a b"]: wrong type`},
		{`map { literals { key: "a" value { ` + hello + ` } } }`, map[int]string{}, values.ErrType, "the key is no int"},
		{`map { literals { key: "300" value { ` + hello + ` } } }`, map[int8]string{}, values.ErrType, "the key is no int8"},
		{`map { literals { key: "1" value { ` + hello + ` } } literals { key: "01" value { ` + hello + ` } } }`, map[int]string{}, values.ErrMalformed, "two keys"},
		{`scalar { binary { value: "b" tag: "x" } }`, "", values.ErrType, "have binary data"},
		{`scalar { binary { value: "\x92" tag: "msgpack" } }`, []int{}, values.ErrMalformed, "ends too early"},
		{jsonL, values.Blob{}, values.ErrType, "neither path nor uri"},
		{`map { literals { key: "path" value { ` + hello + ` } } }`, values.Blob{}, values.ErrType, "have a map, want a file"},
		{`offloaded_metadata { uri: "s3://secret" size_bytes: 5 }`, "", values.ErrOffloaded, "5 bytes"},
		{``, "", values.ErrMalformed, "without a value"},
		{`scalar {}`, "", values.ErrMalformed, "without a value"},
		{`scalar { primitive {} }`, "", values.ErrMalformed, "without a value"},
		{`scalar { union {} }`, "", values.ErrMalformed, "without a value"},
		{`scalar { generic { fields { key: "a" value {} } } }`, abc{}, values.ErrMalformed, "value.a: malformed"},
		{list, any(nil), values.ErrTooDeep, "64"},
		{union, any(nil), values.ErrTooDeep, "64"},
	} {
		typ := reflect.TypeOf(c.dst)
		if typ == nil {
			typ = reflect.TypeFor[any]()
		}
		err := values.DecodeLiteral(lit(t, c.literal), reflect.New(typ).Interface())
		var e *values.Error
		if !errors.As(err, &e) || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%.80s into %v: %v, want an *Error of %v with %q", c.literal, typ, err, c.kind, c.text)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v shows a value", err)
		}
	}
	for _, dst := range []any{nil, 1, (*int)(nil)} {
		if err := values.DecodeLiteral(lit(t, one), dst); !errors.Is(err, values.ErrType) {
			t.Errorf("into %T: %v", dst, err)
		}
	}
}

func outputs(t *testing.T, all ...string) *taskpb.Outputs {
	t.Helper()
	out := &taskpb.Outputs{}
	for i := 0; i < len(all); i += 2 {
		out.Literals = append(out.Literals, &taskpb.NamedLiteral{Name: all[i], Value: lit(t, all[i+1])})
	}
	return out
}

func TestOutputsAreReadByName(t *testing.T) {
	t.Parallel()
	out := outputs(t, "o0", one, "o1", hello)
	if got, err := values.Get[int](out, "o0"); got != 1 || err != nil {
		t.Errorf("Get = %v, %v", got, err)
	}
	if got, err := values.Get[any](out, "o1"); got != "hello" || err != nil {
		t.Errorf("Get = %v, %v", got, err)
	}
	var all map[string]any
	if err := values.Decode(out, &all); err != nil || !cmp.Equal(all, map[string]any{"o0": int64(1), "o1": "hello"}) {
		t.Errorf("Decode = %v, %v", all, err)
	}
	var some struct {
		First    int `json:"o0"`
		Pointer  *int
		Optional string `json:"o7,omitempty"`
	}
	some.Optional = "stays"
	if err := values.Decode(out, &some); err != nil || some.First != 1 || some.Pointer != nil || some.Optional != "stays" {
		t.Errorf("Decode = %v, %v", some, err)
	}
	in := &taskpb.Inputs{Literals: out.GetLiterals()}
	if got, err := values.Get[string](in, "o1"); got != "hello" || err != nil {
		t.Errorf("Get = %v, %v", got, err)
	}
}

func TestOutputsThatAreNotThereAreErrorsThatListThose(t *testing.T) {
	t.Parallel()
	out := outputs(t, "o0", one, "o1", hello)
	var absent *taskpb.Outputs
	check := func(err, kind error, text string) {
		t.Helper()
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want %v with %q", err, kind, text)
		}
	}
	_, err := values.Get[int](out, "o2")
	check(err, values.ErrMissing, "values: outputs.o2: missing: there is none of that name; there are: o0, o1")
	_, err = values.Get[int](absent, "o0")
	check(err, values.ErrMissing, "there are: none")
	_, err = values.Get[int](nil, "o0")
	check(err, values.ErrMissing, "values.o0")
	got, err := values.Get[int](out, "o1")
	check(err, values.ErrType, "outputs.o1")
	if got != 0 {
		t.Errorf("%d with an error", got)
	}
	check(values.Decode(out, &struct{ O9 int }{}), values.ErrMissing, "outputs.O9: missing")
	check(values.Decode(out, &struct {
		O []int `json:"o1"`
	}{}), values.ErrType, "outputs.o1: wrong type: have a string, want []int")
	check(values.Decode(out, &map[string]int{}), values.ErrType, "outputs.o1")
	check(values.Decode(out, map[string]int{}), values.ErrType, "no pointer")
	check(values.Decode(out, new(int)), values.ErrType, "a pointer to int")
	check(values.Decode(out, nil), values.ErrType, "no pointer")
	check(values.Decode(outputs(t, "o0", one, "o0", one), &map[string]int{}), values.ErrMalformed, "outputs.o0: malformed: there are two")
	check(values.Decode(outputs(t, "a\x1b[31m", one), &map[string]string{}), values.ErrType, `outputs["a\x1b[31m"]`)
}
