package follow

import (
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

const (
	// heldLines is how many of the latest lines a position knows one by one.
	heldLines = 1000
	// shortText is up to how many bytes a text is held itself, which costs less than a hash.
	shortText = 256
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
	switch {
	case s == o:
		return 0
	case s.seconds > o.seconds || s.seconds == o.seconds && s.nanos > o.nanos:
		return 1
	default:
		return -1
	}
}

// position is how much of the log of one place has been yielded. It knows the latest lines one
// by one, and counts the others. From that it knows, when the log comes again, which lines to
// skip. It holds no messages, of which the collector would visit every part, and no long texts.
type position struct {
	source *Source

	begin  line   // the first line of the log, once it is no longer held
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
	text string // if it is short
	hash uint64 // of a longer text, with the seed of the tail
}

// next returns the place for a line that is about to be yielded, and passes the one that it takes
// the place of.
func (p *position) next() *line {
	if len(p.held) < heldLines {
		p.held = append(p.held, line{})
		return &p.held[len(p.held)-1]
	}
	oldest := &p.held[p.oldest]
	p.pass(oldest)
	if p.oldest++; p.oldest == heldLines {
		p.oldest = 0
	}
	return oldest
}

// pass counts a line that is no longer held.
func (p *position) pass(l *line) {
	switch {
	case !p.passed:
		p.passed, p.begin, p.low, p.atLow = true, *l, l.at, 1
	case l.at == p.low:
		p.atLow++
	case l.at.compare(p.low) > 0:
		p.below += p.atLow
		p.low, p.atLow = l.at, 1
	default:
		p.below++
	}
}

// first returns the first line of the log.
func (p *position) first() line {
	if p.passed || len(p.held) == 0 {
		return p.begin
	}
	return p.held[0]
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
