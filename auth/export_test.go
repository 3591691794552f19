package auth

import "github.com/jetway-go/jetway/internal/clock"

// WithClock makes the Authenticator read the time from c.
func WithClock(c clock.Clock) Option { return optionFunc(func(o *options) { o.clock = c }) }
