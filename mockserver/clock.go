package mockserver

import (
	"sync/atomic"
	"time"
)

// clock is the time as the server sees it: the machine's, off by some amount.
type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) set(offset time.Duration) { c.offset.Store(int64(offset)) }
