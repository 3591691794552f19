package values_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/values"
)

type inner struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

type everything struct {
	Bool     bool              `json:"bool"`
	Int      int64             `json:"int"`
	Int8     int8              `json:"int8"`
	Uint     uint32            `json:"uint"`
	Float    float64           `json:"float"`
	Float32  float32           `json:"float32"`
	String   string            `json:"string"`
	Bytes    []byte            `json:"bytes"`
	Array    [4]byte           `json:"array"`
	Time     time.Time         `json:"time"`
	Duration time.Duration     `json:"duration"`
	None     *int              `json:"none"`
	Pointer  *string           `json:"pointer"`
	List     []inner           `json:"list"`
	Map      map[string]int    `json:"map"`
	Ints     map[int]string    `json:"ints"`
	Nested   map[string][]bool `json:"nested"`
	Blob     values.Blob       `json:"blob"`
	Table    values.Table      `json:"table"`
	Struct   inner             `json:"struct"`
	Any      any               `json:"any"`
	Untagged string
	Hidden   string `json:"-"`
}

func full() everything {
	text := "text"
	return everything{
		Bool: true, Int: math.MinInt64, Int8: -128, Uint: math.MaxUint32, Float: math.Pi, Float32: 0.1,
		String: "ünïcode\x00", Bytes: []byte{0, 255}, Array: [4]byte{1, 2, 3, 4},
		Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Duration: 90*time.Minute + time.Nanosecond,
		Pointer: &text, List: []inner{{"a", 1}, {"b", math.MaxInt64}}, Map: map[string]int{"": 0, "x": -1},
		Ints: map[int]string{-1: "minus", 7: "seven"}, Nested: map[string][]bool{"e": {}, "t": {true, false}},
		Blob:  values.Blob{URI: "s3://b/k", Format: "csv", Hash: "h"},
		Table: values.Table{URI: "s3://b/t", Format: "parquet"}, Struct: inner{"s", 5},
		Any: []any{nil, int64(1), 1.5, "s", map[string]any{"k": true}}, Untagged: "u",
	}
}

func overTheWire(t *testing.T, in *taskpb.Inputs) *taskpb.Outputs {
	t.Helper()
	raw, err := proto.Marshal(&taskpb.Outputs{Literals: in.GetLiterals()})
	if err != nil {
		t.Fatal(err)
	}
	out := &taskpb.Outputs{}
	if err := proto.Unmarshal(raw, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAStructComesBackAsItWas(t *testing.T) {
	t.Parallel()
	want := full()
	in, err := values.Inputs(want)
	if err != nil {
		t.Fatal(err)
	}
	var got everything
	if err := values.Decode(overTheWire(t, in), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-sent +read):\n%s", diff)
	}
}

func TestAStructInsideOfAStructComesBackAsItWas(t *testing.T) {
	t.Parallel()
	want := full()
	for name, opts := range map[string][]values.Option{"msgpack": nil, "Struct": {values.WithStruct()}} {
		if name == "Struct" {
			want.Int, want.List = 1<<53, want.List[:1]
			want.Any = []any{nil, 1.5}
		}
		in, err := values.Inputs(map[string]any{"x": want}, opts...)
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := values.Get[everything](overTheWire(t, in), "x")
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-sent +read):\n%s", name, diff)
		}
	}
}

func TestSixtyFourLevelsAreSentAndReadAndNoMore(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(any) any{
		"lists":   func(v any) any { return []any{v} },
		"structs": func(v any) any { return map[string]any{"a": v} },
		"maps":    func(v any) any { return map[string][]any{"a": {v}} },
	} {
		deep := func(levels int) error {
			var v any = int64(1)
			for range levels {
				v = wrap(v)
			}
			l, err := values.Encode(v, nil)
			if err != nil {
				return err
			}
			var got any
			return values.DecodeLiteral(l, &got)
		}
		most := 64
		if name == "maps" { // of two levels
			most = 32
		}
		if err := deep(most); err != nil {
			t.Errorf("%s, %d levels: %v", name, most, err)
		}
		if err := deep(most + 1); !errors.Is(err, values.ErrTooDeep) {
			t.Errorf("%s, %d levels: %v, want ErrTooDeep", name, most+1, err)
		}
	}
}
