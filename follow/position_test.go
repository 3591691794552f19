package follow

import (
	"context"
	"hash/maphash"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

// A backend that keeps the latest lines only, with times in whole seconds: while the log
// comes again, more new lines than a position holds are of the same second.
func TestNewLinesOfTheSecondOfTheCutAreFreshHoweverManyTheyAre(t *testing.T) {
	t.Parallel()
	logged := make([]*dataplanepb.LogLine, 6*heldLines)
	for i := range logged {
		second := int64(1)
		if i >= 2*heldLines {
			second = 2
		}
		logged[i] = &dataplanepb.LogLine{Timestamp: &timestamppb.Timestamp{Seconds: second}, Message: strconv.Itoa(i)}
	}
	const cut, kept = 3 * heldLines, 2*heldLines + heldLines/2
	var p position
	lines := tail{seed: maphash.MakeSeed()}
	for _, l := range logged[:cut] {
		lines.describe(p.next(), l)
	}
	p.rewind()
	next := cut
	for i, l := range logged[kept:] {
		for _, fresh := range p.fresh([]*dataplanepb.LogLine{l}, lines.lineOf) {
			if fresh != logged[next] {
				t.Fatalf("line %s is fresh after %s lines of the new stream, want %s", fresh.GetMessage(), strconv.Itoa(i), logged[next].GetMessage())
			}
			next++
			lines.describe(p.next(), fresh)
		}
	}
	if next != len(logged) {
		t.Errorf("%d lines are lost", len(logged)-next)
	}
}

// Lines of several pods or sources come a little out of order.
func TestALineOfTheNextSecondDoesNotEndTheSearchForOldOnes(t *testing.T) {
	t.Parallel()
	at := func(second int64, text string) *dataplanepb.LogLine {
		return &dataplanepb.LogLine{Timestamp: &timestamppb.Timestamp{Seconds: second}, Message: text}
	}
	old := []*dataplanepb.LogLine{at(10, "a"), at(12, "b")}
	var p position
	lines := tail{seed: maphash.MakeSeed()}
	lines.describe(p.next(), old[0])
	lines.describe(p.next(), old[1])
	p.rewind()
	again := []*dataplanepb.LogLine{old[0], at(13, "new"), old[1], at(15, "newer")}
	if fresh := p.fresh(again, lines.lineOf); len(fresh) != 2 || fresh[0] != again[1] || fresh[1] != again[3] {
		t.Errorf("fresh are %v", fresh)
	}
}

func TestATailDoesNotHoldLongLines(t *testing.T) { //nolint:paralleltest // it measures the heap
	const lines, length = 200, 1 << 20
	long := &tail{seed: maphash.MakeSeed(), places: map[place]*position{}, yield: func(Line, error) bool { return true }}
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := inUse()
	for i := range lines {
		l := &dataplanepb.LogLine{Timestamp: &timestamppb.Timestamp{Seconds: int64(i)}, Message: strings.Repeat("x", length)}
		if _, err := long.take(context.Background(), []batch{{lines: []*dataplanepb.LogLine{l}}}); err != nil {
			t.Fatal(err)
		}
	}
	if held := inUse() - before; held > 10*length {
		t.Errorf("a tail holds %d bytes after %d lines of %d", held, lines, length)
	}
	runtime.KeepAlive(long)
}
