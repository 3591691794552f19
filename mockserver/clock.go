package mockserver

import (
	"sync/atomic"
	"time"
)

// clock is the server's clock: the machine's time plus an offset.
type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) set(offset time.Duration) { c.offset.Store(int64(offset)) }

// SetClockOffset sets the server's clock to the machine's time plus d, which may be
// negative. Tokens, signed URLs and times in the backend's records follow it at once;
// timelines and TLS certificates do not.
func (s *Server) SetClockOffset(d time.Duration) { s.clock.set(d) }

// Now returns the time of the server's clock.
func (s *Server) Now() time.Time { return s.clock.Now() }
