package backend

import (
	"iter"
	"slices"
)

// rows are rows in an order, found by their place.
type rows[T any] interface {
	len() int
	from(skip int) iter.Seq[T]
}

// newestFirst are rows in the reverse order.
type newestFirst[T any] []T

func (r newestFirst[T]) len() int { return len(r) }

func (r newestFirst[T]) from(skip int) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := len(r) - 1 - skip; i >= 0; i-- {
			if !yield(r[i]) {
				return
			}
		}
	}
}

// table holds rows in their default order: all of them, and those with equal values in
// certain columns, so that a listing of those looks at no others.
type table[T any] struct {
	columns columns[T]
	indexed [][]string // each a list of text columns; none is all rows
	compare func(a, b T) int
	sets    []map[rowKey]*ordered[T] // for each of indexed: by the values of its columns
	visits  *int
}

func newTable[T any](cols columns[T], compare func(a, b T) int, visits *int, indexed ...[]string) *table[T] {
	t := &table[T]{columns: cols, indexed: indexed, compare: compare, visits: visits}
	for range indexed {
		t.sets = append(t.sets, map[rowKey]*ordered[T]{})
	}
	return t
}

// add adds a row and returns the sets that it is in. Before the row's place changes, its
// owner removes it from them, and adds it again afterwards.
func (t *table[T]) add(row T) []*ordered[T] {
	in := make([]*ordered[T], 0, len(t.indexed))
	for i, names := range t.indexed {
		key := keyOfRow(names, func(column string) string {
			text, _ := t.columns[column].get(row).(string)
			return text
		})
		set := t.sets[i][key]
		if set == nil {
			set = t.newSet()
			t.sets[i][key] = set
		}
		set.add(row)
		in = append(in, set)
	}
	return in
}

func (t *table[T]) newSet() *ordered[T] { return &ordered[T]{compare: t.compare, visits: t.visits} }

// with returns the smallest set that has every row with these values, and the columns that
// do not tell its rows from others: those still have to be compared.
func (t *table[T]) with(equal map[string]string) (*ordered[T], []string) {
	var best *ordered[T]
	var used []string
	for i, names := range t.indexed {
		if slices.ContainsFunc(names, func(n string) bool { _, ok := equal[n]; return !ok }) {
			continue
		}
		set := t.sets[i][keyOfRow(names, func(n string) string { return equal[n] })]
		if set == nil {
			set = t.newSet()
		}
		if best == nil || set.len() < best.len() || set.len() == best.len() && len(names) > len(used) {
			best, used = set, names
		}
	}
	var left []string
	for n := range equal {
		if !slices.Contains(used, n) {
			left = append(left, n)
		}
	}
	return best, left
}

// rowKey is the values of a set's columns, at most four.
type rowKey [4]string

func keyOfRow(names []string, value func(string) string) (key rowKey) {
	for i, n := range names {
		key[i] = value(n)
	}
	return key
}

// find returns the rows among which those of q are, and q with the tests that they still
// have to pass.
func (t *table[T]) find(q query[T]) (rows[T], query[T]) {
	set, left := t.with(q.equal)
	for _, n := range left {
		column, want := t.columns[n], q.equal[n]
		q.tests = append(q.tests, func(row T) bool { return column.get(row) == want })
	}
	q.equal = nil
	return set, q
}

// page returns the rows of q's page, and whether rows follow.
func (q query[T]) page(from rows[T]) (page []T, more bool) {
	if len(q.sorts) > 0 {
		all := slices.Collect(q.matches(from, 0))
		q.sort(all)
		page = cutPage(all, q.offset, q.limit)
		return page, len(page) > 0 && q.offset+len(page) < len(all)
	}
	skip, left := q.offset, 0
	if len(q.tests) > 0 { // the place among the matches is known only after looking at them
		skip, left = 0, q.offset
	}
	for row := range q.matches(from, skip) {
		switch {
		case left > 0:
			left--
		case len(page) == q.limit:
			return page, true
		default:
			page = append(page, row)
		}
	}
	return page, false
}

// count returns the number of rows that match.
func (q query[T]) count(from rows[T]) int {
	if len(q.tests) == 0 {
		return from.len()
	}
	n := 0
	for range q.matches(from, 0) {
		n++
	}
	return n
}

func (q query[T]) matches(from rows[T], skip int) iter.Seq[T] {
	return func(yield func(T) bool) {
		for row := range from.from(skip) {
			if !slices.ContainsFunc(q.tests, func(test func(T) bool) bool { return !test(row) }) && !yield(row) {
				return
			}
		}
	}
}
