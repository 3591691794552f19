package values

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ones(n int) list {
	l := make(list, n)
	for i := range l {
		l[i] = int64(1)
	}
	return l
}

// The bytes are those of the library that Flyte's SDK uses, cut after twelve.
func TestMsgpackIsThatOfFlytesSDK(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value node
		first string
		size  int
	}{
		{nil, "c0", 1},
		{true, "c3", 1},
		{false, "c2", 1},
		{int64(0), "00", 1},
		{int64(127), "7f", 1},
		{int64(128), "cc80", 2},
		{int64(255), "ccff", 2},
		{int64(256), "cd0100", 3},
		{int64(65535), "cdffff", 3},
		{int64(65536), "ce00010000", 5},
		{int64(math.MaxUint32), "ceffffffff", 5},
		{int64(1 << 32), "cf0000000100000000", 9},
		{int64(math.MaxInt64), "cf7fffffffffffffff", 9},
		{uint64(1 << 63), "cf8000000000000000", 9},
		{uint64(math.MaxUint64), "cfffffffffffffffff", 9},
		{int64(-1), "ff", 1},
		{int64(-32), "e0", 1},
		{int64(-33), "d0df", 2},
		{int64(-128), "d080", 2},
		{int64(-129), "d1ff7f", 3},
		{int64(-32768), "d18000", 3},
		{int64(-32769), "d2ffff7fff", 5},
		{int64(math.MinInt32), "d280000000", 5},
		{int64(math.MinInt32 - 1), "d3ffffffff7fffffff", 9},
		{int64(math.MinInt64), "d38000000000000000", 9},
		{1.5, "cb3ff8000000000000", 9},
		{math.Inf(1), "cb7ff0000000000000", 9},
		{"", "a0", 1},
		{strings.Repeat("a", 31), "bf6161616161616161616161", 32},
		{strings.Repeat("a", 32), "d92061616161616161616161", 34},
		{strings.Repeat("a", 255), "d9ff61616161616161616161", 257},
		{strings.Repeat("a", 256), "da0100616161616161616161", 259},
		{strings.Repeat("a", 65536), "db0001000061616161616161", 65541},
		{[]byte{}, "c400", 2},
		{bytes.Repeat([]byte("a"), 255), "c4ff61616161616161616161", 257},
		{bytes.Repeat([]byte("a"), 256), "c50100616161616161616161", 259},
		{bytes.Repeat([]byte("a"), 65536), "c60001000061616161616161", 65541},
		{list{}, "90", 1},
		{ones(15), "9f0101010101010101010101", 16},
		{ones(16), "dc0010010101010101010101", 19},
		{ones(65536), "dd0001000001010101010101", 65541},
		{&object{record: true, members: []member{}}, "80", 1},
		{&object{record: true, members: []member{{"a", int64(1)}, {"b", list{nil}}}}, "82a16101a16291c0", 8},
	} {
		raw, err := packed(c.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(raw[:min(len(raw), 12)]); got != c.first || len(raw) != c.size {
			t.Errorf("%s: %d bytes that begin with %s, want %d and %s", kind(c.value), len(raw), got, c.size, c.first)
		}
		back, err := unpacked(raw)
		if err != nil || !reflect.DeepEqual(c.value, back) {
			t.Errorf("%s came back as %.80v, %v", c.first, back, err)
		}
	}
}

func TestMsgpackOfOthersIsRead(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]node{
		"810102":             &object{record: true, members: []member{{"1", int64(2)}}},
		"81ff02":             &object{record: true, members: []member{{"-1", int64(2)}}},
		"ca3fc00000":         1.5,
		"d3ffffffffffffffff": int64(-1), // not the shortest form
		"dd0000000101":       list{int64(1)},
		"de0001a16101":       &object{record: true, members: []member{{"a", int64(1)}}},
	} {
		data, _ := hex.DecodeString(raw)
		got, err := unpacked(data)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(object{}, member{})); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", raw, err, diff)
		}
	}
}

func TestDamagedMsgpackIsRefused(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]error{
		"":                                  ErrMalformed,
		"cd01":                              ErrMalformed,
		"a26f":                              ErrMalformed,
		"c4":                                ErrMalformed,
		"dbffffffff61":                      ErrMalformed,
		"ddffffffff01":                      ErrMalformed,
		"dfffffffff0101":                    ErrMalformed,
		"9101ff":                            ErrMalformed, // more than one value
		"c1":                                ErrMalformed, // never used
		"d6ff00000000":                      ErrMalformed, // an extension
		"a1ff":                              ErrMalformed, // no UTF-8
		"82a16101a16102":                    ErrMalformed, // a key twice
		"81c001":                            ErrType,
		"81cb3ff800000000000001":            ErrType,
		"819101":                            ErrType,
		"81":                                ErrMalformed,
		strings.Repeat("91", 65) + "c0":     ErrTooDeep,
		strings.Repeat("81a161", 65) + "c0": ErrTooDeep,
	} {
		data, _ := hex.DecodeString(raw)
		if _, err := unpacked(data); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", raw, err, want)
		}
	}
	data, _ := hex.DecodeString(strings.Repeat("91", 64) + "c0")
	if _, err := unpacked(data); err != nil {
		t.Errorf("64 levels: %v", err)
	}
}

// A size that lies must not make the reader allocate for it.
//
//nolint:paralleltest // counts what the process allocates
func TestMsgpackAllocatesNoMoreThanItReads(t *testing.T) {
	for _, raw := range [][]byte{{0xdd, 0xff, 0xff, 0xff, 0xff, 0}, {0xdf, 0xff, 0xff, 0xff, 0xff, 0}, {0xc6, 0xff, 0xff, 0xff, 0xff, 0}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := unpacked(raw); !errors.Is(err, ErrMalformed) {
			t.Errorf("%x: %v", raw, err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<16 {
			t.Errorf("%x: %d bytes", raw, n)
		}
	}
}

// Lists in lists that each promise to fill all that follows.
//
//nolint:paralleltest // counts what the process allocates
func TestMsgpackInsideOfMsgpackAllocatesNoMoreThanItReads(t *testing.T) {
	const size = 64 << 10
	for name, head := range map[string][]byte{"list": {0xdd, 0, 0, 0xfe, 0}, "map": {0xdf, 0, 0, 0x7e, 0, 0xa0}} {
		raw := append(bytes.Repeat(head, maxDepth), make([]byte, size)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := unpacked(raw); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 100*size {
			t.Errorf("%s: %d bytes for %d", name, n, len(raw))
		}
	}
}

func FuzzMsgpack(f *testing.F) {
	for _, s := range []string{"82a16101a16291c0", "de0001a16101", "ca3fc00000", "d6ff00000000", "81c001", "ddffffffff"} {
		raw, _ := hex.DecodeString(s)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := unpacked(raw)
		if err != nil {
			if n != nil && !errors.Is(err, ErrMalformed) {
				t.Errorf("%v with %v", n, err)
			}
			return
		}
		again, err := packed(n)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if len(again) > 9*len(raw) {
			t.Errorf("%d bytes became %d", len(raw), len(again))
		}
		back, err := unpacked(again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		third, err := packed(back)
		if err != nil || !bytes.Equal(again, third) {
			t.Errorf("%x became %x, %v", again, third, err)
		}
	})
}
