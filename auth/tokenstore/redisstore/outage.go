package redisstore

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// outage remembers that Redis could not be used, so that of all operations that one call
// needs only the first waits for the whole time limit. The zero value is ready.
type outage struct {
	mu       sync.Mutex
	until    clock.Reading // zero: there is none
	why      string        // the last error of it that says more than that there was no answer
	answered bool          // once at least
}

// limit returns how long an operation may take that begins now. The usual time is tried again
// after as long.
func (o *outage) limit(now clock.Reading, usual time.Duration) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.until.IsZero() || now.Reached(o.until) {
		return usual
	}
	return usual / 8
}

// failed notes that an operation with that limit could not use Redis.
func (o *outage) failed(now clock.Reading, limit, usual time.Duration, why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if limit == usual {
		o.until = now.Add(usual)
	}
	if _, silent := errors.AsType[*silentError](why); !silent {
		o.why = strings.TrimPrefix(why.Error(), ErrUnreachable.Error()+": ")
	}
}

// over notes that Redis has answered.
func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until, o.why, o.answered = clock.Reading{}, "", true
}

// before returns why Redis could not be used, as far as that is known, and whether it ever has
// answered.
func (o *outage) before() (why string, answered bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.why, o.answered
}
