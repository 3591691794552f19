package follow

import (
	"log/slog"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// Option changes how the iterators of this package treat failures and silence.
type Option interface{ apply(c *config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	pause, longest time.Duration // between two tries
	failures       int           // allowed in a row; 0 means any number
	silence        time.Duration // 0 means that it is not checked
	tries          int           // of a log that is not there yet; 0 means any number
	grace          time.Duration // between those
	beside         bool          // calls are made beside a stream: each has the answerLimit
	notice         func(error)
	log            *slog.Logger
	clock          clock.Clock
}

const (
	// answerLimit is how long one call beside a stream may take.
	answerLimit = 20 * time.Second
	// quickPause is the first pause after a stream that ended well, but too early: a
	// backend ends a watch some milliseconds before the status that it is about.
	quickPause = 50 * time.Millisecond
)

func newConfig(opts []Option) *config {
	c := &config{
		pause: 500 * time.Millisecond, longest: 10 * time.Second, failures: 10,
		silence: 30 * time.Second, tries: 5, grace: 2 * time.Second,
		notice: func(error) {}, log: slog.New(slog.DiscardHandler),
	}
	for _, o := range opts {
		o.apply(c)
	}
	return c
}

// WithBackoff sets the first and the longest pause before a stream is opened again; the
// pause doubles with each try that brought nothing new. The defaults are 0.5 s and 10 s.
// Pauses are shortened at random by up to a half.
func WithBackoff(first, longest time.Duration) Option {
	return optionFunc(func(c *config) {
		c.pause, c.longest = max(first, time.Millisecond), max(first, longest, time.Millisecond)
	})
}

// WithMaxFailures sets how many streams in a row may fail before the iterator ends with
// [ErrGaveUp]; the default is 10, which is an outage of 30 s to a minute. With 0 it
// never gives up. A stream that brought something new, or that lasted longer than the longest
// pause, ends the row; one that brought only what the caller has counts a tenth.
func WithMaxFailures(n int) Option { return optionFunc(func(c *config) { c.failures = max(n, 0) }) }

// WithSilence sets how long a stream may be silent before it is checked by a call beside
// it; the default is 30 s, and 0 never checks. A stream that is dead is noticed within
// twice this time and the 20 s that the call may take. Where the call cannot show that, for
// the log of an attempt that runs and a watch with a filter, the stream is opened again when
// ten checks in a row found it silent.
func WithSilence(d time.Duration) Option {
	return optionFunc(func(c *config) { c.silence = max(d, 0) })
}

// WithLogGrace sets how often [TailLogs] asks for a log that is not there yet before it
// ends with [ErrNoLogs], and the pause between two tries; the defaults are 5 and 2 s. With 0
// tries it waits as long as its context. A change of the action's phase begins the count anew.
func WithLogGrace(tries int, pause time.Duration) Option {
	return optionFunc(func(c *config) { c.tries, c.grace = max(tries, 0), max(pause, time.Millisecond) })
}

// WithNotice sets a function for telling a person that nothing comes at present: it is
// called with each failure after which a stream or a call is tried again, before the pause.
// A stream that is cut after it has brought something new is no failure. The function must
// return soon.
func WithNotice(notice func(error)) Option {
	return optionFunc(func(c *config) {
		if notice != nil {
			c.notice = notice
		}
	})
}

// WithLogger sets the logger of what is not an error yet: each stream that is opened again,
// at debug level, and what cannot be resumed without a gap, as a warning. By default it is
// discarded.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) {
		if l != nil {
			c.log = l
		}
	})
}
