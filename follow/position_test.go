package follow

import (
	"strconv"
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
	one := func(l *dataplanepb.LogLine) stretch {
		return stretch{lines: []*dataplanepb.LogLine{l}, latest: stampOf(l), atLatest: 1}
	}
	const cut, kept = 3 * heldLines, 2*heldLines + heldLines/2
	var p position
	for _, l := range logged[:cut] {
		p.add(one(l))
	}
	p.rewind()
	next := cut
	for i, l := range logged[kept:] {
		for _, fresh := range p.fresh([]*dataplanepb.LogLine{l}) {
			if fresh != logged[next] {
				t.Fatalf("line %s is fresh after %s lines of the new stream, want %s", fresh.GetMessage(), strconv.Itoa(i), logged[next].GetMessage())
			}
			next++
			p.add(one(fresh))
		}
	}
	if next != len(logged) {
		t.Errorf("%d lines are lost", len(logged)-next)
	}
}
