package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// progressSize is how much an attempt has to bring to count as none that failed.
const progressSize = 32 << 10

var (
	// errWhole is an object that has to be asked for at once: the host sends parts without
	// saying of what, or has none of an empty object.
	errWhole = errors.New("the storage host does not say of what it sends a part")
	// errNoResume is an interrupted answer after which only the whole content can be had again.
	errNoResume = errors.New("the storage host does not say which version of the object it sends, so the rest cannot be asked for")
)

// finalError is an error that no other attempt mends, whatever kind it is.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// span is a part of an object: from its first byte until before end; -1 means to the end.
type span struct{ from, end int64 }

func (s span) complete() bool { return s.end >= 0 && s.from >= s.end }

// fetch reads one object, in one state: every answer must be of the version of the first
// one. It is safe for concurrent use.
type fetch struct {
	c *Client
	s *storage
	p *permit
	// learnt is called once, with the first answer and the URL without its query.
	learnt func(url string, v *version)
	// free are buffers for the next requests.
	free chan []byte

	mu    sync.Mutex
	known *version
	whole bool    // only the whole object can be asked for
	spent *signed // the last one that was refused as expired
}

// get writes a part of the object to sink, which is told the position of each write, in as
// many attempts as it takes. Where the host knows no parts, the first one is all of it.
func (f *fetch) get(ctx context.Context, part span, sink func(at int64, p []byte) error) error {
	for try := f.c.retry(); ; {
		before := part.from
		err := f.once(ctx, &part, sink)
		switch {
		case err == nil && part.complete():
			return nil
		case err == nil, errors.Is(err, errWhole): // a host may send less at once than it is asked for
			continue
		case errors.As(err, new(finalError)):
			return err
		}
		if part.from-before >= progressSize {
			try.moved()
		}
		if err := try.again(ctx, err); err != nil {
			return err
		}
	}
}

// once makes one request, and moves the beginning of part behind what it has written.
func (f *fetch) once(ctx context.Context, part *span, sink func(int64, []byte) error) error {
	at, err := f.p.get(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	res, err := f.ask(ctx, at, *part)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	what, err := f.take(at, res, part)
	if err != nil {
		return err
	}
	watch := newStallTimer(f.s.stall, cancel)
	defer watch.stop()
	buf := f.buffer()
	defer f.done(buf)
	err = (&copying{taken: what, from: res.Body, part: part, sink: sink, watch: watch}).run(buf)
	if err == nil || errors.As(err, new(finalError)) {
		return err
	}
	return unanswered(http.MethodGet, at.url, stalled(ctx, err))
}

// ask requests a part, of the version that is known.
func (f *fetch) ask(ctx context.Context, at *signed, part span) (*http.Response, error) {
	known, whole := f.state()
	res, err := f.s.exchange(ctx, http.MethodGet, at, nil, func(r *http.Request) {
		r.Header.Set("Accept-Encoding", "identity") // a part of decoded content could not be asked for
		switch {
		case whole, part.from == 0 && part.end < 0:
		case part.end < 0:
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-", part.from))
		default:
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", part.from, part.end-1))
		}
		if known != nil {
			known.demand(r.Header)
		}
	})
	refused, ok := errors.AsType[*StatusError](err)
	switch {
	case !ok:
		return res, err
	case errors.Is(err, ErrExpired):
		return nil, f.expired(at, err)
	case known != nil && (refused.Status == http.StatusPreconditionFailed ||
		refused.Status == http.StatusRequestedRangeNotSatisfiable && !whole):
		return nil, fmt.Errorf("%w: %w", ErrChanged, err)
	case refused.Status == http.StatusRequestedRangeNotSatisfiable && !whole:
		f.asWhole()
		return nil, errWhole
	default:
		return nil, err
	}
}

// expired notes a URL that is refused as expired. If it was signed again after the same had
// been refused, the source has no other.
func (f *fetch) expired(at *signed, err error) error {
	f.p.refused(at, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.spent
	f.spent = at
	if before != nil && before != at && before.url.String() == at.url.String() {
		return finalError{err}
	}
	return err
}

func (f *fetch) state() (known *version, whole bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known, f.whole
}

func (f *fetch) asWhole() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.whole = true
}

// forget has the next answer be the first. No get may be under way.
func (f *fetch) forget() { f.known, f.whole = nil, false }
