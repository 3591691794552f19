package kernel

import (
	"context"
	"time"
)

const (
	// DefaultMaxMessage is how many bytes a message from the kernel may have.
	DefaultMaxMessage = 16 << 20
	// DefaultMaxOutput is how many bytes of output a run may have.
	DefaultMaxOutput = 64 << 20
	// DefaultOpenTimeout is how long the handshake may take. A server answers it when the
	// kernel has started.
	DefaultOpenTimeout = time.Minute
	// DefaultKeepAlive is the time between two pings.
	DefaultKeepAlive = 30 * time.Second
)

// Option changes what [Dial] makes. If an option is given several times the last one counts.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	maxMessage, maxOutput  int64
	openTimeout, keepAlive time.Duration
	session, user          string
	interrupt              func(context.Context) error
}

// WithMaxMessage sets how many bytes one message from the kernel may have; one print is one
// message, or a few. A larger one ends the connection with [ErrTooLarge], since it is not
// read. Zero or less means [DefaultMaxMessage].
func WithMaxMessage(bytes int64) Option {
	return option(func(c *config) { c.maxMessage = orDefault(bytes, DefaultMaxMessage) })
}

// WithMaxOutput sets how many bytes of output one run may have, as JSON: what it prints,
// displays and returns. With more, Run returns [ErrTooLarge] and what came before, and
// interrupts the code if it can. Zero or less means [DefaultMaxOutput].
func WithMaxOutput(bytes int64) Option {
	return option(func(c *config) { c.maxOutput = orDefault(bytes, DefaultMaxOutput) })
}

// WithOpenTimeout limits the handshake. Zero or less means [DefaultOpenTimeout].
func WithOpenTimeout(d time.Duration) Option {
	return option(func(c *config) { c.openTimeout = orDefault(d, DefaultOpenTimeout) })
}

// WithKeepAlive sets the time between two pings, which keep proxies from closing a silent
// connection. If neither the answer to one nor anything else arrives within the same time,
// the connection ends. Zero means [DefaultKeepAlive], less than zero no pings. The pings of
// the server are answered in any case.
func WithKeepAlive(d time.Duration) Option {
	return option(func(c *config) {
		if c.keepAlive = d; d == 0 {
			c.keepAlive = DefaultKeepAlive
		}
	})
}

// WithSession sets the id of the session, and the name of the user, that requests carry in
// their header. The default is a random id, and no name.
func WithSession(id, user string) Option {
	return option(func(c *config) { c.session, c.user = id, user })
}

// WithInterrupt sets what interrupts the kernel: a POST to .../api/kernels/{id}/interrupt.
// It is called, in a goroutine of its own, when a Run returns before its code is done. Its
// context has the values of that Run's, and ends after 30 seconds or with [Conn.Close]; it
// must not call Close itself. If it fails, the Run that then waits in vain reports why.
func WithInterrupt(interrupt func(context.Context) error) Option {
	return option(func(c *config) { c.interrupt = interrupt })
}

func orDefault[T int64 | time.Duration](given, standard T) T {
	if given <= 0 {
		return standard
	}
	return given
}

// RunOption changes one [Conn.Run].
type RunOption interface{ applyRun(*runConfig) }

type runOption func(*runConfig)

func (o runOption) applyRun(c *runConfig) { o(c) }

type runConfig struct {
	live        func(Output)
	expressions map[string]string
}

// WithLive sets a function that gets the output as it arrives, in order, in the goroutine of
// Run. A slow one delays Run only: the connection continues to read. It must not call Run.
func WithLive(live func(Output)) RunOption {
	return runOption(func(c *runConfig) { c.live = live })
}

// WithExpressions has the kernel evaluate expressions after the code, each under a name of
// the caller's choice; see [Result.Expressions]. The kernel does so only if the code
// succeeds.
func WithExpressions(byName map[string]string) RunOption {
	return runOption(func(c *runConfig) { c.expressions = byName })
}
