package redisstore

import (
	"log/slog"
	"time"
)

// Option changes what [New] makes.
type Option interface{ apply(o *options) }

type options struct {
	prefix   string
	lapse    time.Duration
	patience time.Duration
	limit    time.Duration
	logouts  time.Duration
	poll     time.Duration
	replicas int
	unlocked bool
	log      *slog.Logger
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

func defaults() options {
	return options{
		prefix: "jetway:", lapse: 15 * time.Second, limit: 2 * time.Second, logouts: 30 * 24 * time.Hour,
		// Redis gives connections of machines that have vanished up after about as long (tcp-keepalive).
		patience: 5 * time.Minute,
		poll:     10 * time.Second, log: slog.New(slog.DiscardHandler),
	}
}

// WithPrefix sets the beginning of all names of keys and channels in Redis; "jetway:" is
// usual. Stores with different prefixes share nothing. An ACL user needs ~prefix* and
// &prefix*.
func WithPrefix(prefix string) Option { return optionFunc(func(o *options) { o.prefix = prefix }) }

// WithLapse sets how long after the last word of its holder a lease may go to another; 15
// seconds is usual, 3 the least. Two thirds of it Redis counts, and the last third begins
// when the next one asks: in this time a holder that had lost its connection takes the lease
// back, or stores what it has obtained.
func WithLapse(d time.Duration) Option {
	return optionFunc(func(o *options) { o.lapse = max(d, 3*time.Second) })
}

// WithPatience sets how long after the lapse others wait for a holder that says nothing and is
// still connected to Redis: a process that is suspended, or a machine whose network is cut.
// It may have sent the refresh token, and store the answer when it goes on; meanwhile calls
// go on with the token that they have, and fail with Unavailable once it has expired. Five
// minutes is usual. After that, or at once if the connection has ended, the next one
// sends the same refresh token. Zero is right where the authorization server accepts a refresh
// token again for longer than the lapse: the next one need not wait then.
//
// It is for logins of persons, whose keys have the Flow [auth.StoredFlow]. Programs that log in by
// themselves do so after the lapse.
func WithPatience(d time.Duration) Option {
	return optionFunc(func(o *options) { o.patience = max(d, 0) })
}

// WithTimeLimit sets how long the Store waits for Redis, each time it needs an answer; 2
// seconds is usual. The time limits and retries of the client count within it. Once an
// answer did not come, each wait is an eighth of it for as long again: a call that needs several
// answers does not wait for all of them.
func WithTimeLimit(d time.Duration) Option {
	return optionFunc(func(o *options) {
		if d > 0 {
			o.limit = d
		}
	})
}

// WithLogoutsFor sets how long a logout is remembered where no login follows it; 30 days is
// usual. A process that was suspended for longer than that may put the login back.
func WithLogoutsFor(d time.Duration) Option {
	return optionFunc(func(o *options) {
		if d > 0 {
			o.logouts = d
		}
	})
}

// WithReplicas makes a lease count only when n replicas have received it (WAIT), which
// Lock otherwise reports as [ErrUnreachable], and makes writes of logins wait for them too,
// as long as the time limit allows. Zero is usual: a failover may then forget what the
// processes that know it cannot restore because they ended at the same moment.
func WithReplicas(n int) Option { return optionFunc(func(o *options) { o.replicas = max(n, 0) }) }

// WithUnlockedRenewals allows renewals without a lease while Redis cannot be used: errors
// of Lock do not wrap [auth.ErrLeaseRequired]. It is for a login that one process alone
// uses. With two of them both may send the same refresh token, and an authorization server
// that rotates them ends the login.
func WithUnlockedRenewals() Option { return optionFunc(func(o *options) { o.unlocked = true }) }

// WithLogger sets the logger for what the Store does by itself, such as restoring a login
// that Redis has lost. It never receives a secret. None is usual.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(o *options) {
		if l != nil {
			o.log = l
		}
	})
}
