package kept_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

var errFull = errors.New("no space")

// slow is a store whose commits take a second.
type slow struct {
	mu      sync.Mutex
	values  map[string]string // by key, of the one bucket
	commits int
	err     error
}

func (s *slow) Commit(changes map[string]map[string][]byte) error {
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits++
	if s.err != nil {
		return s.err
	}
	for key, value := range changes["b"] {
		if value == nil {
			delete(s.values, key)
		} else {
			s.values[key] = string(value)
		}
	}
	return nil
}

func (s *slow) Each(bucket, prefix string, f func(string, []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if bucket == "b" && strings.HasPrefix(key, prefix) {
			if err := f(key, []byte(s.values[key])); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *slow) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// memory is an owner.
type memory struct {
	mu     sync.Mutex
	values map[string]string
	j      *kept.Journal
}

func (m *memory) set(key, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	m.j.Keep(kept.Change{Bucket: "b", Key: key, Value: kept.Bytes([]byte(value))})
}

func (m *memory) remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	m.j.Keep(kept.Change{Bucket: "b", Key: key})
}

func (m *memory) Restore(from kept.View) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return kept.Take(from, "b", func(key string, value []byte) error {
		if value == nil {
			delete(m.values, key)
		} else {
			m.values[key] = string(value)
		}
		return nil
	})
}

func begin(t *testing.T, s *slow) (*kept.Journal, *memory) {
	t.Helper()
	j := kept.NewJournal(s)
	m := &memory{values: map[string]string{}, j: j}
	if err := j.Start(m); err != nil {
		t.Fatal(err)
	}
	return j, m
}

func closed(t *testing.T, j *kept.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// While one commit is under way, the changes for the next one come together.
func TestManyAnswersShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{values: map[string]string{}}
		j, m := begin(t, s)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				mark := j.Mark()
				m.set("key"+string(rune('a'+i%26))+string(rune('a'+i/26)), "v")
				if err := j.Settle(t.Context(), mark); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > 2*time.Second || s.commits > 2 || len(s.values) != 100 {
			t.Errorf("%d values in %v and %d commits", len(s.values), took, s.commits)
		}
		closed(t, j)
	})
}

func TestAnAnswerWaitsForWhatItMayHaveSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{values: map[string]string{"old": "1"}}
		j, m := begin(t, s)
		if m.values["old"] != "1" {
			t.Errorf("at the start: %v", m.values)
		}
		began := time.Now()
		if err := j.Settle(t.Context(), j.Mark()); err != nil || time.Since(began) > 0 {
			t.Errorf("without a change it took %v: %v", time.Since(began), err)
		}
		m.set("k", "v")
		m.remove("old")
		if err := j.Settle(t.Context(), j.Mark()); err != nil || s.values["k"] != "v" || s.values["old"] != "" {
			t.Errorf("an answer left before it was written: %v %v", s.values, err)
		}
		m.set("k", "w")
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := j.Settle(ctx, j.Mark()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the context's error", err)
		}
		closed(t, j)
		if s.values["k"] != "w" {
			t.Error("Close has not written what was pending")
		}
	})
}

func TestWhatIsNotWrittenIsUndoneForAllWhoMayHaveSeenIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{values: map[string]string{"old": "1"}}
		j, m := begin(t, s)
		s.fail(errFull)
		reader, mark := j.Mark(), j.Mark()
		m.set("new", "2")
		m.set("old", "2")
		m.remove("none")
		time.Sleep(time.Second / 2) // the commit is under way
		m.set("later", "3")         // builds on what is undone
		if err := j.Settle(t.Context(), mark); !errors.Is(err, errFull) {
			t.Errorf("%v, want %v", err, errFull)
		}
		if err := j.Settle(t.Context(), reader); !errors.Is(err, errFull) {
			t.Errorf("who may have seen it: %v, want %v", err, errFull)
		}
		if !maps.Equal(m.values, map[string]string{"old": "1"}) {
			t.Errorf("memory: %v", m.values)
		}
		if err := j.Settle(t.Context(), j.Mark()); err != nil {
			t.Errorf("who came later: %v", err)
		}
		select {
		case <-j.Ready():
			t.Error("ready, though nothing can be written")
		default:
		}
		s.fail(nil)
		<-j.Ready() // by itself
		m.set("new", "4")
		if err := j.Settle(t.Context(), j.Mark()); err != nil || s.values["new"] != "4" || s.values["later"] != "" {
			t.Errorf("%v %v", s.values, err)
		}
		s.fail(errFull)
		m.set("last", "5")
		if err := j.Close(); !errors.Is(err, errFull) {
			t.Errorf("Close: %v, want %v", err, errFull)
		}
		if err := j.Settle(t.Context(), j.Mark()); err != nil {
			t.Errorf("with nothing pending: %v", err)
		}
	})
}

func TestTheJournalStopsWhenMemoryAndStoreDiffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{values: map[string]string{}}
		j := kept.NewJournal(s)
		if err := j.Start(stubborn{errFull}); !errors.Is(err, errFull) {
			t.Fatalf("%v, want the owner's error", err)
		}
		j = kept.NewJournal(s)
		if err := j.Start(stubborn{}); err != nil {
			t.Fatal(err)
		}
		s.fail(errFull)
		mark := j.Mark()
		j.Keep(kept.Change{Bucket: "b", Key: "k", Value: kept.Bytes(nil)}, kept.Change{Bucket: "b", Key: "l"})
		if err := j.Settle(t.Context(), mark); !errors.Is(err, errStubborn) {
			t.Errorf("%v, want %v", err, errStubborn)
		}
		if err := j.Settle(t.Context(), j.Mark()); !errors.Is(err, errStubborn) {
			t.Errorf("later: %v, want %v", err, errStubborn)
		}
		if err := j.Close(); !errors.Is(err, errFull) {
			t.Errorf("Close: %v, want %v", err, errFull)
		}
	})
}

var errStubborn = errors.New("not taken")

// stubborn is an owner that takes nothing back; err is of its start.
type stubborn struct{ err error }

func (o stubborn) Restore(from kept.View) error {
	if _, all := from.Stale("b"); all {
		return o.err
	}
	return errStubborn
}

func TestKeysOfOtherNamesDiffer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1000)
	many := slices.Repeat([]string{"some name"}, 10_000)
	seen := map[string]bool{}
	for _, names := range [][]string{
		{"a", "b"}, {"a/b"}, {"a", "", "b"}, {"a%2Fb"}, {"", "a", "b"}, {"#a"}, {long}, {long + "y"}, {"a", long}, many, many[1:],
	} {
		key := kept.Key(names...)
		if seen[key] || len(key) > 16<<10 {
			t.Errorf("%.3q: the key %.100q of %d bytes", names, key, len(key))
		}
		seen[key] = true
	}
	if !strings.HasPrefix(kept.Key("a", long, "c", "d"), kept.Key("a", long, "c")+"/") {
		t.Error("the first names do not begin the key")
	}
}
