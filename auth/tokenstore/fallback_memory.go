package tokenstore

import (
	"errors"
	"sync"
	"time"

	"github.com/jetway-go/jetway/auth"
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
	mu sync.Mutex
	of map[int]failure
}

type failure struct {
	lasting bool
	until   time.Time // the store is left alone before
}

// leaveAlone reports whether store i is not worth a question now: a person would
// have to unlock it first. Whether a keyring that failed otherwise is called, the
// keyring's own gate decides.
func (f *failures) leaveAlone(i int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.of[i].until)
}

// note remembers that store i failed, and reports whether that is worth a line in
// the log: the first time, and when it lasts after lesser trouble.
func (f *failures) note(i int, err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, again := f.of[i]
	now := failure{lasting: before.lasting || lasting(err)}
	if errors.Is(err, ErrKeyringLocked) {
		now.until = time.Now().Add(keyringPause)
	}
	if f.of == nil {
		f.of = map[int]failure{}
	}
	f.of[i] = now
	return !again || now.lasting != before.lasting
}

// forget ends lasting trouble: store i works again. Lesser trouble may be that of
// one login, and is not news when it returns.
func (f *failures) forget(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[i].lasting {
		delete(f.of, i)
	}
}

// lasting reports whether a store said that asking it again is of no use for now.
// One login that is too big says nothing about the others.
func lasting(err error) bool {
	return errors.Is(err, ErrKeyringUnavailable) || errors.Is(err, ErrKeyringLocked) || errors.Is(err, ErrKeyringTimeout)
}
