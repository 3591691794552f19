package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// filled returns the content of a file with many values, some of them large.
func filled(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		values := map[string][]byte{}
		for n := range 40 {
			values[fmt.Sprintf("key %d/%d", i, n)] = bytes.Repeat([]byte{byte(n)}, n*7)
		}
		changes := map[string]map[string][]byte{"small": values, "large": {strconv.Itoa(i): bytes.Repeat([]byte("x"), 9000)}}
		if i > 0 {
			changes["small"][fmt.Sprintf("key %d/3", i-1)] = nil
		}
		if err := f.Commit(changes); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return contentOf(t, path)
}

func contentOf(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// write makes a file with this content.
func write(t *testing.T, raw []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// all returns the values of a file.
func all(t *testing.T, f *File) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, bucket := range []string{"small", "large"} {
		err := f.Each(bucket, "", func(key string, value []byte) error {
			out[bucket+" "+key] = string(value)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// foreign returns a file of another program that uses the same store.
func foreign(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("meta"))
		if err != nil {
			return err
		}
		_, err = b.CreateBucket([]byte("within"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return contentOf(t, path)
}

func TestAFileThatIsRefusedIsNamedAndStaysAsItIs(t *testing.T) {
	t.Parallel()
	good := filled(t)
	flipped := func(at int) []byte {
		raw := bytes.Clone(good)
		raw[at] ^= 0x40
		return raw
	}
	newer := func() []byte {
		path := write(t, good)
		f, err := open(path, []migration{func(*bbolt.Tx) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return contentOf(t, path)
	}
	for name, tt := range map[string]struct {
		raw  []byte
		want error
		do   string
	}{
		"a newer one":              {newer(), ErrNewer, "use that version"},
		"text":                     {[]byte(strings.Repeat("These are notes of mine.\n", 1000)), ErrNotOurs, "name another file"},
		"a short text":             {[]byte("notes"), ErrNotOurs, "name another file"},
		"another program's":        {foreign(t), ErrNotOurs, "name another file"},
		"cut in the middle":        {good[:len(good)/2], ErrBroken, "restore a copy"},
		"cut by one page":          {good[:len(good)-4096], nil, ""}, // replaced below
		"cut to the first page":    {good[:4096], ErrBroken, "restore a copy"},
		"cut in the first page":    {good[:100], ErrBroken, "restore a copy"},
		"both descriptions broken": {append(make([]byte, 8192), good[8192:]...), ErrNotOurs, "name another file"},
		"a value changed":          {flipped(bytes.Index(good, bytes.Repeat([]byte("x"), 9000)) + 4500), ErrBroken, "restore a copy"},
		"an empty page":            {append(append(bytes.Clone(good[:8192]), make([]byte, 4096)...), good[12288:]...), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.want == nil {
				tt.want, tt.do = ErrBroken, "restore a copy"
				tt.raw = good[:inUse(t, good)-4096] // a file may end with pages that are not in use
			}
			path := write(t, tt.raw)

			_, err := Open(path)

			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tt.do) {
				t.Errorf("%v\nwant %v, the file's name and %q", err, tt.want, tt.do)
			}
			if !bytes.Equal(contentOf(t, path), tt.raw) {
				t.Error("the file has changed")
			}
		})
	}
}

// inUse returns the size of the pages of a file that are in use.
func inUse(t *testing.T, raw []byte) int {
	t.Helper()
	d, ok := describe(bytes.NewReader(raw), 0)
	if other, also := describe(bytes.NewReader(raw), 4096); also && other.number > d.number {
		d, ok = other, also
	}
	if !ok {
		t.Fatal("no description")
	}
	return int(d.high * d.pageSize)
}

// A byte that has changed is found, unless it does not matter.
func TestNoChangedByteGoesUnnoticed(t *testing.T) {
	t.Parallel()
	good := filled(t)
	f, err := Open(write(t, good))
	if err != nil {
		t.Fatal(err)
	}
	want := all(t, f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	random, refusals := rand.New(rand.NewPCG(1, 2)), 0
	for tries := 0; refusals < 20; tries++ { // much of the file is free pages, and how much differs
		if tries == 1000 {
			t.Fatalf("only %d of %d changes were found", refusals, tries)
		}
		raw := bytes.Clone(good)
		at := 2*4096 + random.IntN(len(raw)-2*4096) // the first two pages may stand for an older state
		raw[at] ^= 1 << random.IntN(8)
		path := write(t, raw)
		f, err := Open(path)
		if err != nil {
			refusals++
			if !errors.Is(err, ErrBroken) || !bytes.Equal(contentOf(t, path), raw) {
				t.Fatalf("byte %d: %v; changed = %t", at, err, !bytes.Equal(contentOf(t, path), raw))
			}
			continue
		}
		if got := all(t, f); !maps.Equal(got, want) {
			t.Fatalf("byte %d: the file opens with other values", at)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFileThatIsInUseIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "stop that process") {
		t.Errorf("%v, want %v", err, ErrLocked)
	}
	if err := f.Commit(map[string]map[string][]byte{"small": {"k": []byte("v")}}); err != nil {
		t.Errorf("the first one: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = Open(path); err != nil {
		t.Fatalf("after the first one: %v", err)
	}
	if got := all(t, f); got["small k"] != "v" {
		t.Errorf("values: %v", got)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCannotBeAFileOfStateIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	readOnly := write(t, filled(t))
	if err := os.Chmod(readOnly, 0o400); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		dir:                                 ErrNotOurs,
		os.DevNull:                          ErrNotOurs,
		readOnly:                            ErrReadOnly,
		filepath.Join(dir, "none", "state"): os.ErrNotExist,
	} {
		if _, err := Open(path); !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestAnEmptyFileIsFilled(t *testing.T) {
	t.Parallel()
	path := write(t, nil)
	for range 2 {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// version1 is the committed file of version 1; its values never change.
const version1 = "version1.state"

func TestAnOlderFileIsBroughtUpToDateStepByStep(t *testing.T) {
	t.Parallel()
	path := write(t, contentOf(t, filepath.Join("testdata", version1)))
	var ran []string
	step := func(name string) migration {
		return func(tx *bbolt.Tx) error {
			ran = append(ran, name)
			b, err := tx.CreateBucketIfNotExists([]byte("small"))
			if err != nil {
				return err
			}
			return b.Put([]byte(name), seal("small", name, []byte("new")))
		}
	}
	broken := func(*bbolt.Tx) error { return io.ErrUnexpectedEOF }
	if _, err := open(path, []migration{step("two"), broken}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("%v, want the step's error", err)
	}
	for _, steps := range [][]migration{{step("two")}, {step("two"), step("three")}, {step("two"), step("three")}} {
		f, err := open(path, steps)
		if err != nil {
			t.Fatal(err)
		}
		if got := all(t, f); len(got) != len(steps) {
			t.Errorf("values after %d steps: %v", len(steps), got)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(ran, ","); got != "two,two,three" { // the first one was undone
		t.Errorf("steps that ran: %s", got)
	}
}
