package values_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	"github.com/jetway-go/jetway/values"
)

// anything returns a value of the types that any is read as.
func anything(r *rand.Rand, depth int) any {
	n := r.IntN(10)
	if depth == 0 {
		n = r.IntN(7)
	}
	switch n {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return int64(r.Uint64()) >> r.IntN(64)
	case 3:
		return math.Float64frombits(r.Uint64())
	case 4:
		return string([]rune{rune(r.IntN(0xd800)), rune(r.IntN(128))})
	case 5:
		return []byte{byte(r.Uint32())}
	case 6:
		return r.Uint64() | 1<<63
	case 7:
		items := make([]any, r.IntN(4))
		for i := range items {
			items[i] = anything(r, depth-1)
		}
		return items
	default:
		m := make(map[string]any)
		for range r.IntN(20) {
			m[string(rune('a'+r.IntN(26)))] = anything(r, depth-1)
		}
		return m
	}
}

func TestAnyTreeInsideOfAStructComesBackAsItWas(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		want := map[string]any{"x": anything(r, 5)}
		l, err := values.Encode(want, nil)
		if err != nil {
			t.Fatal(want, err)
		}
		var got any
		if err := values.DecodeLiteral(l, &got); err != nil {
			t.Fatal(want, err)
		}
		if diff := cmp.Diff(any(want), got, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("(-sent +read):\n%s", diff)
		}
	}
}

type sample struct {
	B    bool
	I    int64
	I16  int16
	U    uint32
	F    float64
	F32  float32
	Raw  []byte
	Ints []int
	M    map[int8]map[string]int64
	P    *int64
	A    [3]int
	S    []struct{ X, Y *float64 }
	D    uint16 // seconds
}

func TestStructsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	same := func(want sample) bool {
		for k, m := range want.M { // strings of testing/quick are not always UTF-8
			want.M[k] = map[string]int64{"k": int64(len(m))}
		}
		for _, wrap := range []func(sample) any{
			func(s sample) any { return s },
			func(s sample) any { return map[string]any{"s": []sample{s}} },
		} {
			in, err := values.Inputs(wrap(want))
			if err != nil {
				t.Log(err)
				return false
			}
			var got sample
			if out := overTheWire(t, in); len(in.GetLiterals()) > 1 {
				err = values.Decode(out, &got)
			} else {
				var all []sample
				all, err = values.Get[[]sample](out, "s")
				got = all[0]
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Log(err, diff)
				return false
			}
		}
		return true
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 60}); err != nil {
		t.Error(err)
	}
}

func TestTimesAndDurationsComeBackAsTheyWereOrAreErrors(t *testing.T) {
	t.Parallel()
	type both struct {
		T time.Time
		D time.Duration
	}
	same := func(sec int64, nsec uint32, d time.Duration, shift uint8) bool {
		want := both{time.Unix(sec>>(shift%64), int64(nsec)).UTC(), d >> (shift % 64)}
		in, err := values.Inputs(want)
		if err != nil {
			return errors.Is(err, values.ErrRange) && (want.T.Year() < 1 || want.T.Year() > 9999)
		}
		var got both
		if err := values.Decode(in, &got); err != nil || got != want {
			t.Log(want, got, err)
			return false
		}
		in, err = values.Inputs(map[string]any{"x": want}) // in msgpack, durations are floats
		if err != nil {
			return errors.Is(err, values.ErrRange) && want.D.Abs() > 24*time.Hour
		}
		got, err = values.Get[both](in, "x")
		if err != nil || got != want {
			t.Log(want, got, err)
			return false
		}
		return true
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 1000}); err != nil {
		t.Error(err)
	}
}

// FuzzDecode reads any literal: nothing makes it panic, every error is an *Error, and what
// was read is read again when it is sent again.
func FuzzDecode(f *testing.F) {
	for _, v := range []any{nil, 1, 0.5, "s", true, time.Unix(1, 0), time.Second, []byte("b"), []any{1, "a"}, map[string]int{"a": 1}, full(), values.Blob{URI: "s3://b/k"}} {
		l, err := values.Encode(v, nil)
		if err != nil {
			f.Fatal(err)
		}
		raw, err := proto.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := &corepb.Literal{}
		if proto.Unmarshal(raw, l) != nil {
			return
		}
		for _, dst := range []any{&everything{}, new([]sample), new(map[string]time.Time), new(*int8), new(values.Binary), new(rawJSON)} {
			checkError(t, values.DecodeLiteral(l, dst))
		}
		var first any
		if err := values.DecodeLiteral(l, &first); err != nil {
			checkError(t, err)
			return
		}
		sent, err := values.Encode(first, nil)
		if err != nil {
			checkError(t, err)
			return
		}
		var second any
		if err := values.DecodeLiteral(sent, &second); err != nil {
			t.Fatalf("what was sent cannot be read: %v", err)
		}
		if holdsMore(reflect.ValueOf(first)) {
			return
		}
		if diff := cmp.Diff(first, second, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), protocmp.Transform()); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

type rawJSON struct{ raw []byte }

func (j *rawJSON) UnmarshalJSON(raw []byte) error { j.raw = bytes.Clone(raw); return nil }

// holdsMore reports whether v holds what takes another form in a struct: a time, a place.
func holdsMore(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface:
		return !v.IsNil() && holdsMore(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Interface {
			return false
		}
		for i := range v.Len() {
			if holdsMore(v.Index(i)) {
				return true
			}
		}
		return false
	case reflect.Map:
		for _, x := range v.Seq2() {
			if holdsMore(x) {
				return true
			}
		}
		return false
	default:
		return v.IsValid() && (v.Kind() == reflect.Struct || v.Kind() == reflect.Pointer || v.Type() == reflect.TypeFor[time.Duration]())
	}
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var e *values.Error
	if err != nil && (!errors.As(err, &e) || e.Path == "") {
		t.Errorf("%v is no *Error with a path", err)
	}
}

// FuzzEncode makes literals of any type: nothing makes it panic or work without end.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{integer, float, structT, msgpackT, optional, `collection_type { simple: FLOAT }`, `blob { format: "csv" }`} {
		lt := &corepb.LiteralType{}
		if err := unmarshalText(text, lt); err != nil {
			f.Fatal(err)
		}
		raw, err := proto.Marshal(lt)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint64(1), "s3://b/k")
	}
	f.Fuzz(func(t *testing.T, raw []byte, seed uint64, text string) {
		lt := &corepb.LiteralType{}
		if proto.Unmarshal(raw, lt) != nil {
			return
		}
		r := rand.New(rand.NewPCG(seed, seed))
		for _, v := range []any{anything(r, 3), anything(r, 3), text, []string{text}, values.Blob{URI: text}, nil} {
			l, err := values.Encode(v, lt)
			checkError(t, err)
			if err != nil {
				continue
			}
			if _, err := proto.Marshal(l); err != nil {
				t.Errorf("%v as %v cannot be sent: %v", v, lt, err)
			}
		}
	})
}
