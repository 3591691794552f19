package backend

import "iter"

// ordered is a sorted set in which a row is found by its place too: a page far from the
// start costs no more than the first one. It is a treap, a search tree that random
// weights keep shallow.
type ordered[T any] struct {
	// compare is a total order: 0 means the same row. What it reads of a row must not
	// change while the row is in the set.
	compare func(a, b T) int
	root    *treeNode[T]
	weights uint64
	visits  *int // grows by one with each row that is looked at
}

type treeNode[T any] struct {
	row         T
	weight      uint64
	size        int // of this subtree
	left, right *treeNode[T]
}

func (n *treeNode[T]) count() int {
	if n == nil {
		return 0
	}
	return n.size
}

func (n *treeNode[T]) resize() { n.size = n.left.count() + 1 + n.right.count() }

func (o *ordered[T]) len() int { return o.root.count() }

func (o *ordered[T]) add(row T) {
	o.root = o.insert(o.root, &treeNode[T]{row: row, weight: o.nextWeight(), size: 1})
}

// insert puts n in below the nodes that weigh more, which keeps the tree shallow.
func (o *ordered[T]) insert(at, n *treeNode[T]) *treeNode[T] {
	switch {
	case at == nil:
		return n
	case n.weight > at.weight:
		n.left, n.right = o.split(at, n.row)
		n.resize()
		return n
	}
	*o.visits++
	if o.compare(n.row, at.row) < 0 {
		at.left = o.insert(at.left, n)
	} else {
		at.right = o.insert(at.right, n)
	}
	at.size++
	return at
}

func (o *ordered[T]) remove(row T) { o.root = o.drop(o.root, row) }

func (o *ordered[T]) drop(at *treeNode[T], row T) *treeNode[T] {
	if at == nil {
		return nil
	}
	*o.visits++
	switch c := o.compare(row, at.row); {
	case c == 0:
		return joinTrees(at.left, at.right)
	case c < 0:
		at.left = o.drop(at.left, row)
	default:
		at.right = o.drop(at.right, row)
	}
	at.resize()
	return at
}

// rank returns for how many rows first is true: it must be so for the rows up to a place,
// and for none after it.
func (o *ordered[T]) rank(first func(T) bool) int {
	rank := 0
	for n := o.root; n != nil; {
		*o.visits++
		if !first(n.row) {
			n = n.left
			continue
		}
		rank += n.left.count() + 1
		n = n.right
	}
	return rank
}

// from returns the rows in order, without the first skip ones. The set must not change
// meanwhile.
func (o *ordered[T]) from(skip int) iter.Seq[T] {
	return func(yield func(T) bool) { o.walk(o.root, skip, yield) }
}

func (o *ordered[T]) walk(n *treeNode[T], skip int, yield func(T) bool) bool {
	if skip >= n.count() {
		return true
	}
	*o.visits++
	before := n.left.count()
	if skip < before && !o.walk(n.left, skip, yield) {
		return false
	}
	if skip <= before && !yield(n.row) {
		return false
	}
	return o.walk(n.right, max(0, skip-before-1), yield)
}

// split divides a tree into the rows before row and those after it.
func (o *ordered[T]) split(n *treeNode[T], row T) (before, after *treeNode[T]) {
	if n == nil {
		return nil, nil
	}
	*o.visits++
	if o.compare(n.row, row) < 0 {
		n.right, after = o.split(n.right, row)
		before = n
	} else {
		before, n.left = o.split(n.left, row)
		after = n
	}
	n.resize()
	return before, after
}

func joinTrees[T any](before, after *treeNode[T]) *treeNode[T] {
	switch {
	case before == nil:
		return after
	case after == nil:
		return before
	case before.weight > after.weight:
		before.right = joinTrees(before.right, after)
		before.resize()
		return before
	default:
		after.left = joinTrees(before, after.left)
		after.resize()
		return after
	}
}

// nextWeight returns the next number of the SplitMix64 sequence: the same at every start,
// so that what a test counts is the same each time.
func (o *ordered[T]) nextWeight() uint64 {
	o.weights += 0x9e3779b97f4a7c15
	z := o.weights
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
