package clientset

import (
	"sync"
	"sync/atomic"
)

// draining is what the gate's count is lowered by once it lets nobody in, far
// below what calls can raise it to.
const draining = -1 << 62

// gate counts the calls and streams under way and can be shut. Passing it costs
// two atomic additions. Make one with newGate.
type gate struct {
	count   atomic.Int64
	shut    sync.Once
	emptied sync.Once
	empty   chan struct{} // closed when the gate is shut and nobody is inside
}

func newGate() gate { return gate{empty: make(chan struct{})} }

// enter reports whether the caller may go in; if so, it has to leave.
func (g *gate) enter() bool {
	if g.count.Add(1) > 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.count.Add(-1) == draining {
		g.emptied.Do(func() { close(g.empty) })
	}
}

// drain shuts the gate and returns a channel that is closed once everybody has
// left. It may be called again.
func (g *gate) drain() <-chan struct{} {
	g.shut.Do(func() {
		g.count.Add(1)
		g.count.Add(draining)
		g.leave()
	})
	return g.empty
}
