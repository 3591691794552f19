package backend

import "slices"

// changeLog lists actions by their latest change, so that a watch looks at those only
// that have changed since it last looked. An action is in it once.
type changeLog struct {
	last  *action
	links func(*action) *changeLink // the part of an action that belongs to this log
}

type changeLink struct {
	version      uint64
	older, newer *action
}

// record notes a change of a; versions grow.
func (l *changeLog) record(a *action, version uint64) {
	l.forget(a)
	link := l.links(a)
	*link = changeLink{version: version, older: l.last}
	if l.last != nil {
		l.links(l.last).newer = a
	}
	l.last = a
}

// forget takes a out of the log, if it is in it.
func (l *changeLog) forget(a *action) {
	link := l.links(a)
	if link.older != nil {
		l.links(link.older).newer = link.newer
	}
	if link.newer != nil {
		l.links(link.newer).older = link.older
	}
	if l.last == a {
		l.last = link.older
	}
	*link = changeLink{}
}

// since returns the actions whose latest change came after version, by that change. It
// counts them as visited.
func (l *changeLog) since(version uint64, visits *int) []*action {
	var out []*action
	for a := l.last; a != nil && l.links(a).version > version; a = l.links(a).older {
		*visits++
		out = append(out, a)
	}
	slices.Reverse(out)
	return out
}
