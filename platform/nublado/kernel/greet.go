package kernel

import (
	"context"
	"crypto/rand"
	"time"
)

const (
	// The kernel is asked again after askAgain, then after twice as long each time, up to
	// askAtMost.
	askAgain  = 500 * time.Millisecond
	askAtMost = 8 * time.Second
)

// greet waits, before the first run of the connection, until the kernel has answered a
// question. A kernel that has just been restarted, or that was busy during the handshake,
// may not be connected yet in both directions: what is sent to it then, or by it, is lost.
func (c *Conn) greet(ctx context.Context) error {
	if c.greeted { // by a Run before this one
		return nil
	}
	t := newTurn(rand.Text(), 0)
	t.left = true // no output of a question is that of a run
	if err := c.take(t); err != nil {
		return err
	}
	for wait := askAgain; !c.greeted; wait = min(2*wait, askAtMost) {
		if err := c.send(ctx, t.id, "kernel_info_request", struct{}{}); err != nil {
			return err
		}
		again := time.NewTimer(wait)
		select {
		case <-t.over:
			c.greeted = true
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			c.forget(t)
			return unfinished(ctx, "it was not started: the kernel does not answer; it may be busy, or starting")
		}
		again.Stop()
	}
	if t.err != nil {
		return c.ended()
	}
	return nil
}

// forget ends a turn that the connection no longer waits for.
func (c *Conn) forget(t *turn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn == t {
		c.turn = nil
	}
}
