package clientset

import (
	"sync"
	"sync/atomic"
)

// draining is subtracted from the gate's count when it shuts. It is far below what
// calls can add.
const draining = -1 << 62

// gate counts the calls and streams under way and can be shut. A call costs two atomic
// additions. Make one with newGate.
type gate struct {
	count   atomic.Int64
	shut    sync.Once
	emptied sync.Once
	empty   chan struct{} // closed when the gate is shut and no call is under way
}

func newGate() gate { return gate{empty: make(chan struct{})} }

// enter reports whether a call may begin; if so, the caller calls leave when it ends.
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

// drain shuts the gate and returns a channel that is closed when no call is under
// way. It may be called again.
func (g *gate) drain() <-chan struct{} {
	g.shut.Do(func() {
		g.count.Add(1)
		g.count.Add(draining)
		g.leave()
	})
	return g.empty
}
