package follow

import (
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

// replay is the state of a log that comes again. What was passed is that of its beginning:
// new lines among those that come again move the position on.
type replay struct {
	passed       bool
	low          stamp
	below, atLow int          // lines that are still to come
	held         map[line]int // and those that are held
	left         int          // of those that are counted
	latest       stamp        // of all lines that were yielded

	lines int   // that came; counted up to two
	whole bool  // it comes from the first line on: all of below are counted
	next  *line // the second line, if the log comes from a held line on
}

// rewind says that the log comes again.
func (p *position) rewind() {
	r := &replay{
		passed: p.passed, low: p.low, below: p.below, atLow: p.atLow,
		held: make(map[line]int, len(p.held)), left: p.atLow + len(p.held), latest: p.low,
	}
	for i, l := range p.held {
		r.held[l]++
		if l.at.compare(r.latest) > 0 || i == 0 && !p.passed {
			r.latest = l.at
		}
	}
	p.replay = r
}

// fresh returns those of lines that have not been yielded, in the same order.
func (p *position) fresh(lines []*dataplanepb.LogLine, lineOf func(*dataplanepb.LogLine) line) []*dataplanepb.LogLine {
	var fresh []*dataplanepb.LogLine
	for i, from := range lines {
		l := lineOf(from)
		if p.replay != nil {
			p.locate(l)
		}
		if p.replay == nil || p.replay.left == 0 || p.replay.beyond(l.at) {
			p.replay = nil
			if i == 0 {
				return lines
			}
			return append(fresh, lines[i:]...)
		}
		if !p.replay.skip(l) {
			fresh = append(fresh, from)
		}
	}
	return fresh
}

// locate finds out by its first two lines where the log begins that comes again. Some
// backends send the latest lines only.
func (p *position) locate(l line) {
	r := p.replay
	if r.lines > 1 {
		return
	}
	r.lines++
	switch {
	case r.lines > 1:
		if r.next != nil && *r.next == l {
			r.beginLate()
		}
	case l == p.first() && !p.parted:
		r.whole = true
		r.left += r.below
	default:
		p.parted = true
		if next, ok := p.after(l); ok {
			r.next = &next
		}
		if r.passed && l.at.compare(r.low) >= 0 {
			r.beginLate()
		}
	}
}

// beginLate says that of the lines that are not held none comes.
func (r *replay) beginLate() {
	r.left -= r.atLow
	r.passed, r.atLow = false, 0
}

// beyond reports whether every line at this time and later is new.
func (r *replay) beyond(at stamp) bool {
	earlier := stamp{at.seconds - window, at.nanos}
	return earlier.seconds < at.seconds && earlier.compare(r.latest) > 0
}

// skip reports whether l has been yielded.
func (r *replay) skip(l line) bool {
	switch c := l.at.compare(r.low); {
	case r.held[l] > 0:
		r.held[l]--
	case r.passed && c < 0 && !r.whole:
		return true
	case r.passed && c < 0 && r.below > 0:
		r.below--
	case r.passed && c == 0 && r.atLow > 0:
		r.atLow--
	default:
		return false
	}
	r.left--
	return true
}
