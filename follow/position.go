package follow

import (
	"cmp"

	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

const (
	// heldLines is how many of the latest lines a position knows one by one.
	heldLines = 1000
	// window is how much later than all that was yielded a line must be, in seconds, to be
	// new beyond doubt.
	window = 1
)

// stamp is the time of a line. Lines without one have the zero stamp.
type stamp struct {
	seconds int64
	nanos   int32
}

func stampOf(l *dataplanepb.LogLine) stamp {
	t := l.GetTimestamp()
	return stamp{t.GetSeconds(), t.GetNanos()}
}

func (s stamp) compare(o stamp) int {
	if s.seconds != o.seconds {
		return cmp.Compare(s.seconds, o.seconds)
	}
	return cmp.Compare(s.nanos, o.nanos)
}

// position is how much of the log of one place has been yielded. It knows the latest lines one
// by one, and counts the others. From that it knows, when the log comes again, which lines to
// skip. It has no pointers to lines or texts: the collector need not visit it, and a log of
// long lines costs no more than another.
type position struct {
	source *Source

	first  line   // of the log
	held   []line // the latest lines
	oldest int    // of them; 0 until there are heldLines

	// What is no longer held: so many lines before low, and at low itself.
	passed       bool
	low          stamp
	below, atLow int

	parted bool    // it once came from another line on than the first
	replay *replay // nil while lines are new
}

// line is what tells lines of one place apart.
type line struct {
	at   stamp
	text uint64 // a hash with the seed of the tail
}

// add records a line that was yielded.
func (p *position) add(l line) {
	if len(p.held) < heldLines {
		if len(p.held) == 0 {
			p.first = l
		}
		p.held = append(p.held, l)
		return
	}
	oldest := &p.held[p.oldest]
	p.pass(oldest.at)
	*oldest = l
	if p.oldest++; p.oldest == heldLines {
		p.oldest = 0
	}
}

// pass counts a line that is no longer held.
func (p *position) pass(at stamp) {
	switch {
	case !p.passed || at.compare(p.low) > 0:
		p.below += p.atLow
		p.passed, p.low, p.atLow = true, at, 1
	case at == p.low:
		p.atLow++
	default:
		p.below++
	}
}

// after returns the line that was yielded after l, if both are held.
func (p *position) after(l line) (next line, ok bool) {
	for i := range p.held {
		if j := (p.oldest + i) % len(p.held); p.held[j] == l {
			l, ok = p.held[(j+1)%len(p.held)], i+1 < len(p.held)
			return l, ok
		}
	}
	return line{}, false
}
