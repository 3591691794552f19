package mockserver

import (
	"sync/atomic"
	"time"
)

// clock is the server's clock: the machine's time plus an offset.
type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) set(offset time.Duration) { c.offset.Store(int64(offset)) }
