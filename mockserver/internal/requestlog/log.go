// Package requestlog keeps the latest requests of a mock, without their secrets, for
// programs that ask what was received or watch it.
//
// Call [New], put [Log.Unary], [Log.Stream] and [Log.HTTP] around the handlers, and read with
// [Log.Latest] or [Log.Watch].
package requestlog

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// Config is what a log has to know of its server. All fields are required.
type Config struct {
	// Size is how many requests it keeps; 0 keeps none.
	Size int
	// Now is the server's clock.
	Now func() time.Time
	// Logger gets a line for each request, at debug level.
	Logger *slog.Logger
	// HeaderKey is the metadata key that carries access tokens.
	HeaderKey string
	// Side returns the side of the server that an HTTP request reaches, and the endpoint.
	Side func(r *http.Request) (requests.Kind, oauth.Endpoint)
	// Secrets returns the secrets that are no tokens of the server. The log does not change
	// the slice.
	Secrets func() []string
	// Issued reports whether the server has issued a token.
	Issued func(token string) bool
}

// Log holds the latest requests; it is safe for concurrent use.
type Log struct {
	cfg       Config
	lastToken lastToken

	mu     sync.Mutex // guards everything below
	ring   []*entry
	next   int // where the next one goes once ring is full
	tokens int

	latest  uint64 // number of the latest
	watches map[*watch]struct{}
	version uint64 // grows with each change
}

// New makes an empty log.
func New(cfg Config) *Log { return &Log{cfg: cfg} }

// Latest returns the latest n requests at most, oldest first. Their maps and slices are
// shared.
func (l *Log) Latest(n int) []requests.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(max(n, 0), len(l.ring))
	out := make([]requests.Request, 0, n)
	for i := len(l.ring) - n; i < len(l.ring); i++ {
		out = append(out, l.ring[(l.next+i)%len(l.ring)].request())
	}
	return out
}

// Tokens returns how many requests were for tokens, since the start or the last Reset.
func (l *Log) Tokens() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tokens
}

// Version returns a number that grows with each change.
func (l *Log) Version() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version
}

// Reset forgets the requests so far. Their numbers go on.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.next, l.tokens = nil, 0, 0
	l.version++
}

// add stores e, which belongs to the log from then on.
func (l *Log) add(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest++
	l.version++
	e.Number = l.latest
	if e.Kind == requests.KindToken {
		l.tokens++
	}
	defer l.notify(e)
	switch {
	case l.cfg.Size == 0:
	case len(l.ring) < l.cfg.Size:
		l.ring = append(l.ring, e)
	default:
		l.ring[l.next] = e
		l.next = (l.next + 1) % l.cfg.Size
	}
}

// finish stores the answer to e, which took until now.
func (l *Log) finish(e *entry, code codes.Code, httpStatus int, reason string) {
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	e.Done, e.Code, e.HTTPStatus, e.Reason, e.Took = true, code, httpStatus, reason, max(0, now.Sub(e.Time))
	l.notify(e)
}
