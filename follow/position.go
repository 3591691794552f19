package follow

import (
	"cmp"

	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

const (
	// heldLines is how many of the latest lines a position holds at least; it holds whole
	// messages. More would cost a tail its throughput: the collector visits them.
	heldLines = 1000
	// smallLines is up to how many lines of several messages become one stretch.
	smallLines = 64
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

// position is how much of the log of one place has been yielded. While lines come it
// costs next to nothing: it holds on to the latest ones, as they came, and counts the
// others at the newest of their timestamps only. From that it knows, when the log comes
// again, which lines to skip.
type position struct {
	source *Source

	held  []stretch // the latest lines, from first on
	first int
	count int // of the lines

	// What is no longer held: everything up to low, and at low itself so many lines.
	passed bool
	low    stamp
	atLow  int

	replay *replay // nil while lines are new
}

// stretch is lines as they came.
type stretch struct {
	lines    []*dataplanepb.LogLine
	latest   stamp // of them
	atLatest int   // so many lines
	own      bool  // lines is not part of a message
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

type line struct {
	at   stamp
	text string
}

// add records lines that were yielded.
func (p *position) add(lines stretch) {
	p.count += len(lines.lines)
	if n := len(p.held); n > p.first && len(lines.lines)+len(p.held[n-1].lines) <= smallLines {
		p.held[n-1].join(lines) // a stretch for each of many small messages would cost more
	} else {
		p.held = append(p.held, lines)
	}
	for p.count-len(p.held[p.first].lines) >= heldLines {
		p.pass(p.held[p.first])
		p.held[p.first] = stretch{} // frees the lines
		p.first++
	}
	if p.first > heldLines { // moves to the front, so that it need not grow
		n := copy(p.held, p.held[p.first:])
		clear(p.held[n:])
		p.held, p.first = p.held[:n], 0
	}
}

// join appends lines that came later.
func (s *stretch) join(lines stretch) {
	switch c := lines.latest.compare(s.latest); {
	case c > 0:
		s.latest, s.atLatest = lines.latest, lines.atLatest
	case c == 0:
		s.atLatest += lines.atLatest
	}
	if !s.own { // what follows in the message belongs to others
		s.lines, s.own = append(make([]*dataplanepb.LogLine, 0, smallLines), s.lines...), true
	}
	s.lines = append(s.lines, lines.lines...)
}

// pass counts lines that are no longer held.
func (p *position) pass(lines stretch) {
	p.count -= len(lines.lines)
	switch c := lines.latest.compare(p.low); {
	case !p.passed || c > 0:
		p.passed, p.low, p.atLow = true, lines.latest, lines.atLatest
	case c == 0:
		p.atLow += lines.atLatest
	}
}

// rewind says that the log comes again from its start.
func (p *position) rewind() {
	r := &replay{
		passed: p.passed, low: p.low, atLow: p.atLow, held: make(map[line]int, p.count), left: p.atLow + p.count, latest: p.low,
	}
	for _, h := range p.held[p.first:] {
		for _, l := range h.lines {
			r.held[line{stampOf(l), l.GetMessage()}]++
		}
		if h.latest.compare(r.latest) > 0 {
			r.latest = h.latest
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
		if !p.skip(l) {
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
func (p *position) skip(l *dataplanepb.LogLine) bool {
	at, r := stampOf(l), p.replay
	if r.passed {
		switch c := at.compare(r.low); {
		case c < 0:
			return true
		case c == 0 && r.atLow > 0:
			r.atLow--
			r.left--
			return true
		}
	}
	key := line{at, l.GetMessage()}
	if r.held[key] == 0 {
		return false
	}
	r.held[key]--
	r.left--
	return true
}
