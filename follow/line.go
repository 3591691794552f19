package follow

import (
	"context"
	"hash/maphash"
	"strings"
	"time"

	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

// Line is one line of a log. It is small, since it is copied for each.
type Line struct {
	// Time is when it was written, in UTC; zero if the backend does not say.
	Time time.Time
	// Text is the line without its line ending, whether the backend sent one or not.
	Text string
	// Originator says whether the task's own code wrote it or the platform.
	Originator dataplanepb.LogLineOriginator
	// Source is where it was written; never nil. Lines of one place share it: do not
	// change it.
	*Source
}

// Source is a place where lines are written.
type Source struct {
	// Pod tells the pods of an attempt apart; may be empty.
	Pod string
	// Container is nil if the backend does not say.
	Container *dataplanepb.ContainerIdentifier
}

// take yields the lines of a message that have not been yielded.
func (t *tail) take(_ context.Context, message []batch) (news bool, err error) {
	for _, b := range message {
		for lines := b.lines; len(lines) > 0; {
			p := t.position(b.container, lines[0].GetShortPodName())
			fresh, n := lines, 0
			if p.replay != nil {
				n = samePod(lines)
				fresh = p.fresh(lines[:n], t.lineOf)
			}
			if len(fresh) > 0 {
				news, t.absent = true, 0
				done, ok := t.deliver(p, fresh)
				if !ok {
					return news, errLeft
				}
				n = max(n, done)
			}
			lines = lines[n:]
		}
	}
	return news, nil
}

// deliver yields the first lines, as far as they are of one pod, and returns how many. It is
// the only loop over all lines.
func (t *tail) deliver(p *position, lines []*dataplanepb.LogLine) (n int, ok bool) {
	yield, source := t.yield, p.source
	for i, from := range lines {
		if from.GetShortPodName() != source.Pod {
			return i, true
		}
		l := p.next()
		t.describe(l, from)
		var written time.Time
		if from.GetTimestamp() != nil {
			written = time.Unix(l.at.seconds, int64(l.at.nanos)).UTC()
		}
		if !yield(Line{Time: written, Text: withoutEnding(from.GetMessage()), Originator: from.GetOriginator(), Source: source}, nil) {
			return i, false
		}
	}
	return len(lines), true
}

// describe sets l to what tells a line apart.
func (t *tail) describe(l *line, from *dataplanepb.LogLine) {
	l.at, l.text, l.hash = stampOf(from), from.GetMessage(), 0
	if len(l.text) > shortText {
		t.abridge(l)
	}
}

func (t *tail) abridge(l *line) { l.text, l.hash = "", max(maphash.String(t.seed, l.text), 1) }

func (t *tail) lineOf(from *dataplanepb.LogLine) (l line) {
	t.describe(&l, from)
	return l
}

// samePod returns how many of the first lines are of one pod.
func samePod(lines []*dataplanepb.LogLine) int {
	pod := lines[0].GetShortPodName()
	for i, l := range lines {
		if l.GetShortPodName() != pod {
			return i
		}
	}
	return len(lines)
}

func withoutEnding(text string) string {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		return strings.TrimSuffix(text[:n-1], "\r")
	}
	return text
}

// place is where lines are written in order of time.
type place struct{ cluster, namespace, pod, container, shortPod string }

// position returns the position in the log of a place, which is that of the call before
// most of the time.
func (t *tail) position(c *dataplanepb.ContainerIdentifier, shortPod string) *position {
	if p := t.pos; p != nil && c == nil && p.source.Container == nil && p.source.Pod == shortPod {
		return p // backends that name no container are the most frequent
	}
	at := place{
		c.GetClusterName(), c.GetKubernetesNamespace(), c.GetKubernetesPodName(), c.GetKubernetesContainerName(), shortPod,
	}
	if t.pos != nil && at == t.at {
		return t.pos
	}
	p := t.places[at]
	if p == nil {
		p = &position{source: &Source{Pod: shortPod, Container: c}}
		t.places[at] = p
	}
	t.at, t.pos = at, p
	return p
}
