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

// position is how much of the log of one place has been yielded. It holds the latest lines, and
// counts the others at the newest of their timestamps only. From that it knows, when the log
// comes again, which lines to skip. It holds no message: the collector would visit all of it.
type position struct {
	source *Source

	held   []line // the latest lines
	oldest int    // of them; 0 until there are heldLines

	// What is no longer held: everything up to low, and at low itself so many lines.
	passed bool
	low    stamp
	atLow  int

	replay *replay // nil while lines are new
}

// replay is the state of a log that comes again. What was passed is that of its beginning:
// new lines among those that come again move the position on.
type replay struct {
	passed bool
	low    stamp
	atLow  int          // lines at low that are still to come
	held   map[line]int // and those that are held
	left   int          // of both
	latest stamp        // of all lines that were yielded
}

// line is what tells lines of one place apart.
type line struct {
	at   stamp
	text string
}

func lineOf(l *dataplanepb.LogLine) line { return line{stampOf(l), l.GetMessage()} }

// add records a line that was yielded.
func (p *position) add(l line) {
	if len(p.held) < heldLines {
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
	case at == p.low && p.passed:
		p.atLow++
	case !p.passed || at.compare(p.low) > 0:
		p.passed, p.low, p.atLow = true, at, 1
	}
}

// rewind says that the log comes again from its start.
func (p *position) rewind() {
	r := &replay{
		passed: p.passed, low: p.low, atLow: p.atLow, held: make(map[line]int, len(p.held)), left: p.atLow + len(p.held), latest: p.low,
	}
	for _, l := range p.held {
		r.held[l]++
		if l.at.compare(r.latest) > 0 {
			r.latest = l.at
		}
	}
	p.replay = r
}

// fresh returns those of lines that have not been yielded, in the same order.
func (p *position) fresh(lines []*dataplanepb.LogLine) []*dataplanepb.LogLine {
	var fresh []*dataplanepb.LogLine
	for i, l := range lines {
		if p.replay == nil || p.replay.left == 0 || p.replay.beyond(stampOf(l)) {
			p.replay = nil
			if i == 0 {
				return lines
			}
			return append(fresh, lines[i:]...)
		}
		if !p.skip(lineOf(l)) {
			fresh = append(fresh, l)
		}
	}
	return fresh
}

// beyond reports whether every line at this time and later is new.
func (r *replay) beyond(at stamp) bool {
	at.seconds -= window
	return at.compare(r.latest) > 0
}

// skip reports whether l has been yielded.
func (p *position) skip(l line) bool {
	r := p.replay
	if r.passed {
		switch c := l.at.compare(r.low); {
		case c < 0:
			return true
		case c == 0 && r.atLow > 0:
			r.atLow--
			r.left--
			return true
		}
	}
	if r.held[l] == 0 {
		return false
	}
	r.held[l]--
	r.left--
	return true
}
