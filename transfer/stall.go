package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// stallLimit is the default of WithStallLimit.
	stallLimit = time.Minute
	// stallLooks is how often within the limit the sending of a request is looked at.
	stallLooks = 8
)

// stalledError is an exchange that did not go on.
type stalledError struct{ limit time.Duration }

func (e *stalledError) Error() string {
	return fmt.Sprintf("the storage host neither took nor sent anything for %v", e.limit)
}

// stalled returns the reason for err where that is an exchange which did not go on.
func stalled(ctx context.Context, err error) error {
	if why, ok := errors.AsType[*stalledError](context.Cause(ctx)); ok {
		return why
	}
	return err
}

// sending says how much of a request's body was read, and whether the host waits for a
// read at the moment.
type sending func() (at int64, own bool)

// watchSending cancels a request that has not gone on for limit, if that is not 0: no more of it
// was taken, and there was no answer. Progress may be nil. After stop it cancels nothing.
func watchSending(limit time.Duration, progress sending, cancel context.CancelCauseFunc) (stop func()) {
	if limit == 0 {
		return func() {}
	}
	if progress == nil {
		progress = func() (int64, bool) { return 0, false }
	}
	var (
		mu    sync.Mutex
		look  *time.Timer // nil after stop
		idle  int         // looks in a row that found nothing new
		every = max(limit/stallLooks, 1)
	)
	last, _ := progress()
	mu.Lock()
	defer mu.Unlock()
	look = time.AfterFunc(every, func() {
		mu.Lock()
		defer mu.Unlock()
		if look == nil {
			return
		}
		at, own := progress()
		if idle++; own || at != last {
			last, idle = at, 0
		}
		if idle == stallLooks {
			cancel(&stalledError{limit})
			return
		}
		look.Reset(every)
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		look.Stop()
		look = nil
	}
}

// stallTimer cancels a request whose answer does not go on.
type stallTimer struct {
	limit time.Duration // 0: it does not
	timer *time.Timer
}

// newStallTimer returns one that runs.
func newStallTimer(limit time.Duration, cancel context.CancelCauseFunc) *stallTimer {
	t := &stallTimer{limit: limit}
	if limit > 0 {
		t.timer = time.AfterFunc(limit, func() { cancel(&stalledError{limit}) })
	}
	return t
}

// start gives the host the whole limit anew.
func (t *stallTimer) start() {
	if t.timer != nil {
		t.timer.Reset(t.limit)
	}
}

func (t *stallTimer) stop() {
	if t.timer != nil {
		t.timer.Stop()
	}
}
