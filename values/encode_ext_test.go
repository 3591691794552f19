package values_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	"github.com/jetway-go/jetway/values"
)

// lit reads a literal in the text form of protocol buffers.
func lit(t *testing.T, text string) *corepb.Literal {
	t.Helper()
	l := &corepb.Literal{}
	if err := prototext.Unmarshal([]byte(text), l); err != nil {
		t.Fatal(text, err)
	}
	return l
}

func unmarshalText(text string, m proto.Message) error { return prototext.Unmarshal([]byte(text), m) }

func litType(t *testing.T, text string) *corepb.LiteralType {
	t.Helper()
	if text == "" {
		return nil
	}
	lt := &corepb.LiteralType{}
	if err := prototext.Unmarshal([]byte(text), lt); err != nil {
		t.Fatal(text, err)
	}
	return lt
}

type (
	level    string
	embedded struct {
		Deep int `json:"deep"`
		Over int `json:"over"`
	}
	outer struct {
		embedded
		Over  string    `json:"over"`
		Empty string    `json:"empty,omitempty"`
		Zero  time.Time `json:"zero,omitzero"`
	}
	celsius float64
)

// celsius is text in JSON.
func (c *celsius) MarshalText() ([]byte, error) { return []byte("warm"), nil }

const (
	integer  = `simple: INTEGER`
	float    = `simple: FLOAT`
	str      = `simple: STRING`
	structT  = `simple: STRUCT`
	msgpackT = `simple: STRUCT annotation { annotations { fields { key: "cache-key-metadata" value { struct_value {
		fields { key: "serialization-format" value { string_value: "msgpack" } } } } } } }`
	optional = `union_type { variants { simple: INTEGER structure { tag: "int" } } variants { simple: NONE structure { tag: "none" } } }`
)

func TestGoValuesBecomeLiterals(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 9, 0, 0, 7, time.FixedZone("", 3600))
	seven := 7
	for _, c := range []struct {
		value     any
		typ, want string
	}{
		// By the value alone.
		{nil, "", `scalar { none_type {} }`},
		{(*int)(nil), "", `scalar { none_type {} }`},
		{&seven, "", `scalar { primitive { integer: 7 } }`},
		{int8(-1), "", `scalar { primitive { integer: -1 } }`},
		{uint64(math.MaxInt64), "", `scalar { primitive { integer: 9223372036854775807 } }`},
		{float32(0.5), "", `scalar { primitive { float_value: 0.5 } }`},
		{math.Inf(-1), "", `scalar { primitive { float_value: -inf } }`},
		{true, "", `scalar { primitive { boolean: true } }`},
		{level("high"), "", `scalar { primitive { string_value: "high" } }`},
		{now, "", `scalar { primitive { datetime { seconds: 1796025600 nanos: 7 } } }`},
		{&now, "", `scalar { primitive { datetime { seconds: 1796025600 nanos: 7 } } }`},
		{-1500 * time.Millisecond, "", `scalar { primitive { duration { seconds: -1 nanos: -500000000 } } }`},
		{[]byte("b"), "", `scalar { binary { value: "b" } }`},
		{values.Binary{Tag: "x", Value: []byte("b")}, "", `scalar { binary { value: "b" tag: "x" } }`},
		{[]int(nil), "", `collection {}`},
		{[]any{1, "a"}, "", `collection { literals { scalar { primitive { integer: 1 } } } literals { scalar { primitive { string_value: "a" } } } }`},
		{map[string]int{"a": 1}, "", `map { literals { key: "a" value { scalar { primitive { integer: 1 } } } } }`},
		{map[string]any{"a": 1}, "", `scalar { binary { tag: "msgpack" value: "\x81\xa1a\x01" } }`},
		{map[int]int{2: 1}, "", `scalar { binary { tag: "msgpack" value: "\x81\xa12\x01" } }`},
		{outer{embedded{Deep: 1, Over: 2}, "o", "", time.Time{}}, "", `scalar { binary { tag: "msgpack" value: "\x82\xa4deep\x01\xa4over\xa1o" } }`},
		{netip.MustParseAddr("::1"), "", `scalar { primitive { string_value: "::1" } }`},
		{big.NewInt(5), "", `scalar { primitive { integer: 5 } }`}, // MarshalJSON goes first
		{json.RawMessage(`{"a":1.0}`), "", `scalar { binary { tag: "msgpack" value: "\x81\xa1a\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00" } }`},
		{celsius(30), "", `scalar { primitive { string_value: "warm" } }`},
		{json.Number("12"), "", `scalar { primitive { integer: 12 } }`},
		{json.RawMessage("100000000000000000000"), "", `scalar { primitive { float_value: 1e20 } }`}, // as JSON writes that float
		{json.RawMessage(" 1.5e300 \n"), "", `scalar { primitive { float_value: 1.5e300 } }`},
		{values.Blob{URI: "s3://b/k", Dir: true, Hash: "h"}, "", `scalar { blob { uri: "s3://b/k" metadata { type { dimensionality: MULTIPART } } } } hash: "h"`},
		{values.Table{URI: "s3://b/k", Format: "parquet"}, "", `scalar { structured_dataset { uri: "s3://b/k" metadata { structured_dataset_type { format: "parquet" } } } }`},
		{lit(t, `scalar { error { message: "m" } }`), "", `scalar { error { message: "m" } }`},

		// By the type.
		{3, float, `scalar { primitive { float_value: 3 } }`},
		{3.0, integer, `scalar { primitive { integer: 3 } }`},
		{int64(1 << 53), float, `scalar { primitive { float_value: 9007199254740992 } }`},
		{math.NaN(), float, `scalar { primitive { float_value: nan } }`},
		{nil, `simple: NONE`, `scalar { none_type {} }`},
		{"2026-11-30T09:00:00+01:00", `simple: DATETIME`, `scalar { primitive { datetime { seconds: 1796025600 } } }`},
		{"1h", `simple: DURATION`, `scalar { primitive { duration { seconds: 3600 } } }`},
		{"P1DT1S", `simple: DURATION`, `scalar { primitive { duration { seconds: 86401 } } }`},
		{[]byte("b"), `simple: BINARY`, `scalar { binary { value: "b" } }`},
		{[]int{1}, `collection_type { simple: FLOAT }`, `collection { literals { scalar { primitive { float_value: 1 } } } }`},
		{map[string]any{"a": 1}, `map_value_type { simple: FLOAT }`, `map { literals { key: "a" value { scalar { primitive { float_value: 1 } } } } }`},
		{struct{ A int }{1}, `map_value_type { simple: INTEGER }`, `map { literals { key: "A" value { scalar { primitive { integer: 1 } } } } }`},
		{map[string]int{"a": 1}, structT, `scalar { generic { fields { key: "a" value { number_value: 1 } } } }`},
		{map[string]int{"a": 1}, msgpackT, `scalar { binary { tag: "msgpack" value: "\x81\xa1a\x01" } }`},
		{"low", `enum_type { values: "low" values: "high" }`, `scalar { primitive { string_value: "low" } }`},
		{"s3://b/k", `blob { format: "csv" }`, `scalar { blob { uri: "s3://b/k" metadata { type { format: "csv" } } } }`},
		{"s3://b/k", `structured_dataset_type { format: "parquet" columns { name: "c" } }`,
			`scalar { structured_dataset { uri: "s3://b/k" metadata { structured_dataset_type { format: "parquet" columns { name: "c" } } } } }`},
		{nil, optional, `scalar { union { value { scalar { none_type {} } } type { simple: NONE structure { tag: "none" } } } }`},
		{4, optional, `scalar { union { value { scalar { primitive { integer: 4 } } } type { simple: INTEGER structure { tag: "int" } } } }`},
		{4, `union_type { variants { simple: FLOAT } variants { simple: INTEGER } }`,
			`scalar { union { value { scalar { primitive { integer: 4 } } } type { simple: INTEGER } } }`},
		{4, `union_type { variants { simple: STRING } variants { simple: FLOAT } }`,
			`scalar { union { value { scalar { primitive { float_value: 4 } } } type { simple: FLOAT } } }`},
		{1, ` `, `scalar { primitive { integer: 1 } }`}, // a type of no kind
	} {
		got, err := values.Encode(c.value, litType(t, c.typ))
		if err != nil {
			t.Errorf("%T %v as %q: %v", c.value, c.value, c.typ, err)
			continue
		}
		if diff := cmp.Diff(lit(t, c.want), got, protocmp.Transform(), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%T as %q (-want +got):\n%s", c.value, c.typ, diff)
		}
	}
}

type selfish struct{ Next *selfish }

type unmarshalable struct{}

func (unmarshalable) MarshalJSON() ([]byte, error) { return nil, errUnmarshalable }

var errUnmarshalable = errors.New("not today")

func TestWhatCannotBeSentIsAnErrorThatSaysWhere(t *testing.T) {
	t.Parallel()
	loop := &selfish{}
	loop.Next = loop
	ring := []any{nil}
	ring[0] = ring
	for _, c := range []struct {
		value any
		typ   string
		kind  error
		text  string
	}{
		{uint64(math.MaxInt64 + 1), "", values.ErrRange, "value: out of range: an integer above"},
		{make(chan int), "", values.ErrType, "chan int"},
		{func() {}, "", values.ErrType, "func()"},
		{complex(1, 1), "", values.ErrType, "complex128"},
		{"\xff", "", values.ErrType, "UTF-8"},
		{map[float64]int{1: 1}, "", values.ErrType, "map[float64]int"},
		{loop, "", values.ErrTooDeep, "contain itself"},
		{ring, "", values.ErrTooDeep, "contain itself"},
		{structpb.NewNullValue(), "", values.ErrType, "protocol message"},
		{values.Blob{}, "", values.ErrMissing, "no URI"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "", values.ErrRange, "years 1 to 9999"},
		{time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "simple: DATETIME", values.ErrRange, "years 1 to 9999"},
		{json.Number("x"), "", values.ErrRange, "json.Number"},
		{json.Number("Inf"), "", values.ErrRange, "json.Number"},
		{json.Number("1_0"), "", values.ErrRange, "json.Number"},
		{json.Number("1e400"), "", values.ErrRange, "json.Number"},
		{new(big.Int).Add(new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil), big.NewInt(1)), "", values.ErrRange, "64 bits"},
		{map[string]any{"a": json.Number("-9223372036854775809")}, "", values.ErrRange, "value.a: out of range: an integer of more than 64 bits"},
		{json.RawMessage("1 2"), "", values.ErrMalformed, "more than one JSON value"},
		{unmarshalable{}, "", errUnmarshalable, "value: not today"},
		{[]any{map[string]any{"b c": []any{make(chan int)}}}, "", values.ErrType, `value[0]["b c"][0]: wrong type`},
		{struct {
			A []any `json:"a"`
		}{[]any{1, struct{ B func() }{}}}, "", values.ErrType, "value.a[1].B: wrong type"},

		{1<<53 + 1, float, values.ErrRange, "lose digits"},
		{0.5, integer, values.ErrRange, "no whole number"},
		{1e300, integer, values.ErrRange, "beyond 2^53"},
		{math.NaN(), integer, values.ErrRange, "no whole number"},
		{"1", integer, values.ErrType, "have a string, want an integer"},
		{true, integer, values.ErrType, "have a boolean, want an integer"},
		{1, str, values.ErrType, "have an integer, want a string"},
		{1, "simple: BOOLEAN", values.ErrType, "have an integer, want a boolean"},
		{nil, integer, values.ErrType, "have None, want an integer"},
		{"yesterday", "simple: DATETIME", values.ErrType, "no time"},
		{"soon", "simple: DURATION", values.ErrType, "no duration"},
		{3, "simple: DURATION", values.ErrType, "want a duration"},
		{[]int{1}, integer, values.ErrType, "have a list, want an integer"},
		{1, "collection_type { simple: INTEGER }", values.ErrType, "want a list of (an integer)"},
		{[]any{1, "a"}, "collection_type { simple: INTEGER }", values.ErrType, "value[1]: wrong type"},
		{map[string]any{"k": "a"}, "map_value_type { simple: INTEGER }", values.ErrType, "value.k: wrong type"},
		{"mid", `enum_type { values: "low" values: "high" }`, values.ErrType, "not one of low, high"},
		{"data.csv", `blob {}`, values.ErrType, "upload local data first"},
		{values.Blob{URI: "s3://b/k"}, `blob { dimensionality: MULTIPART }`, values.ErrType, "have a file, want a folder"},
		{values.Blob{URI: "s3://b/k", Format: "csv"}, `blob { format: "json" }`, values.ErrType, `format "csv"`},
		{values.Blob{URI: "s3://b/k"}, `structured_dataset_type {}`, values.ErrType, "have a file, want a table"},
		{map[string]any{"a": 1<<53 + 1}, structT, values.ErrRange, "value.a: out of range"},
		{map[string]any{"a": math.NaN()}, structT, values.ErrRange, "NaN"},
		{map[string]any{"a": uint64(math.MaxUint64)}, structT, values.ErrRange, "digits"},
		{[]int{1}, structT, values.ErrType, "want a struct or a map"},
		{map[string]any{"a": time.Duration(math.MaxInt64)}, msgpackT, values.ErrRange, "lose digits"},
		{map[string]any{"a": lit(t, "")}, msgpackT, values.ErrType, "inside of a struct"},
		{map[string]any{"a": values.Binary{Tag: "x"}}, msgpackT, values.ErrType, "with a tag"},
		{"x", optional, values.ErrType, "have a string, want an integer"},
		{"x", `union_type { variants { simple: FLOAT } variants { simple: BOOLEAN } }`, values.ErrType, "want a float or a boolean"},
		{map[string]any{}, `union_type { variants { simple: STRUCT } variants { simple: STRUCT } }`, values.ErrType, "several classes"},
		{1, `union_type {}`, values.ErrType, "have an integer"},
		{1, "schema {}", values.ErrType, "want a table"},
		{1, "simple: ERROR", values.ErrType, "want an error"},
	} {
		_, err := values.Encode(c.value, litType(t, c.typ))
		var e *values.Error
		if !errors.As(err, &e) || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%T as %q: %v, want an *Error of %v with %q", c.value, c.typ, err, c.kind, c.text)
		}
	}
}

// Unions of unions of unions take exponential work to resolve: it is bounded.
func TestATypeCannotMakeTheWorkExplode(t *testing.T) {
	t.Parallel()
	typ := &corepb.LiteralType{Type: &corepb.LiteralType_Simple{Simple: corepb.SimpleType_BOOLEAN}}
	for range 30 {
		typ = &corepb.LiteralType{Type: &corepb.LiteralType_UnionType{UnionType: &corepb.UnionType{
			Variants: []*corepb.LiteralType{typ, typ, typ},
		}}}
	}
	if _, err := values.Encode("x", typ); !errors.Is(err, values.ErrTooMany) {
		t.Errorf("%v", err)
	}
	list := &corepb.LiteralType{}
	for range 1000 {
		list = &corepb.LiteralType{Type: &corepb.LiteralType_UnionType{UnionType: &corepb.UnionType{Variants: []*corepb.LiteralType{list}}}}
	}
	if _, err := values.Encode("x", list); !errors.Is(err, values.ErrTooDeep) {
		t.Errorf("%v", err)
	}
}
