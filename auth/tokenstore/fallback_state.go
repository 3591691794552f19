package tokenstore

import (
	"errors"
	"sync"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/clock"
)

// homes remembers which of several stores holds a login.
type homes struct {
	mu sync.Mutex
	of map[auth.Key]int
}

func (h *homes) get(k auth.Key) (int, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, ok := h.of[k]
	return i, ok
}

func (h *homes) set(k auth.Key, i int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = map[auth.Key]int{}
	}
	h.of[k] = i
}

func (h *homes) forget(k auth.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.of, k)
}

// failures remembers which of several stores failed, and how.
type failures struct {
	clock clock.Clock

	mu sync.Mutex
	of map[int]failure
}

type failure struct {
	lasting bool
	until   clock.Reading // zero, or the store is not called before
}

// leaveAlone reports whether store i is not to be called now, because a person would
// have to unlock it first. After other failures of a keyring its own gate decides.
func (f *failures) leaveAlone(i int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until := f.of[i].until
	return !until.IsZero() && !f.clock.Read().Reached(until)
}

// note remembers that store i failed, and reports whether to log that: the first time,
// and when a lasting failure follows a lesser one.
func (f *failures) note(i int, err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, again := f.of[i]
	now := failure{lasting: before.lasting || lasting(err)}
	if errors.Is(err, ErrKeyringLocked) {
		now.until = f.clock.Read().Add(keyringPause)
	}
	if f.of == nil {
		f.of = map[int]failure{}
	}
	f.of[i] = now
	return !again || now.lasting != before.lasting
}

// forget ends a lasting failure: store i works again. A lesser one may concern one login
// only, and is not logged again when it returns.
func (f *failures) forget(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[i].lasting {
		delete(f.of, i)
	}
}

// lasting reports whether a store cannot be used for a while. One login that is too big
// says nothing about the others.
func lasting(err error) bool {
	return absent(err) || errors.Is(err, ErrKeyringLocked) || errors.Is(err, ErrKeyringTimeout)
}

// absent reports whether a store is not there, so that it holds no login.
func absent(err error) bool {
	return errors.Is(err, ErrKeyringUnavailable) || errors.Is(err, errNoDirectory)
}
