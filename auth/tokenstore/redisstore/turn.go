package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// turns lets one goroutine of this process at a time ask Redis for the lease of a group. The
// zero value is ready.
type turns struct {
	mu       sync.Mutex
	groups   map[string]*turn
	attempts uint64
}

type turn struct {
	full   chan struct{} // holds one while it is taken
	leases []*lease      // granted and not unlocked; usually one
}

func (t *turns) of(group string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.groups == nil {
		t.groups = map[string]*turn{}
	}
	if t.groups[group] == nil {
		t.groups[group] = &turn{full: make(chan struct{}, 1)}
	}
	return t.groups[group]
}

// take waits for the turn, and reports whether it had to.
func (t *turn) take(ctx context.Context, ended <-chan struct{}) (waited bool, err error) {
	select {
	case t.full <- struct{}{}:
		return false, nil
	default:
	}
	select {
	case t.full <- struct{}{}:
		return true, nil
	case <-ended:
		return true, ErrClosed
	case <-ctx.Done():
		return true, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}

func (t *turn) give() { <-t.full }

// attempt returns the number of the next attempt: Redis takes one that arrives late for what
// it is.
func (t *turns) attempt() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attempts++
	return t.attempts
}

func leaseName(instance string, attempt uint64) string {
	return instance + ":" + strconv.FormatUint(attempt, 10)
}

func (t *turns) add(l *lease) {
	group := t.of(l.place.group)
	t.mu.Lock()
	defer t.mu.Unlock()
	group.leases = append(group.leases, l)
}

func (t *turns) remove(l *lease) {
	group := t.of(l.place.group)
	t.mu.Lock()
	defer t.mu.Unlock()
	group.leases = slices.DeleteFunc(group.leases, func(o *lease) bool { return o == l })
}

// leases returns the fences of the leases of this process on a group: of the one that holder
// names, and the lowest of those that are lost; 0 for none.
func (t *turns) leases(group, holder string) (held, lost uint64) {
	of := t.of(group)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range of.leases {
		switch {
		case l.name == holder:
			held = l.fence
		case lost == 0 || l.fence < lost:
			lost = l.fence
		}
	}
	return held, lost
}

// held returns the fence of the lease that this process holds on a group as far as it knows,
// 0 for none.
func (t *turns) held(group string) uint64 {
	of := t.of(group)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range of.leases {
		select {
		case <-l.Lost():
		default:
			return l.fence
		}
	}
	return 0
}
