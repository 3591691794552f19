package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// bufferSize is how much of an answer is in memory, for each connection.
	bufferSize = 256 << 10
	// progressSize is how much an attempt has to bring to count as none that failed.
	progressSize = 32 << 10
)

// stallLimit is how long an answer may bring nothing before its connection counts as dead.
const stallLimit = time.Minute

// errStalled is an answer that does not go on.
var errStalled = errors.New("the storage host stopped sending")

// errNoTotal is a part of an object whose size or version the host does not say; all of it
// has to be asked for at once.
var errNoTotal = errors.New("the storage host sends a part without saying of what")

// errNoResume is an interrupted answer after which only the whole content can be had again.
var errNoResume = errors.New("the storage host does not say which version of the object it sends, so the rest cannot be asked for")

// sinkError is an error of where content goes to. No attempt mends it.
type sinkError struct{ error }

func (e sinkError) Unwrap() error { return e.error }

// span is a part of an object: from its first byte until before end; -1 means to the end.
type span struct{ from, end int64 }

// fetch reads one object, in one state: every answer must be of the version of the first
// one. It is safe for concurrent use.
type fetch struct {
	c *Client
	s *storage
	p *permit
	// learnt is called once, with the first answer.
	learnt func(*version)

	mu    sync.Mutex
	known *version
	whole bool   // the host sends the whole object only
	spent string // the last URL that was refused as expired
}

// get writes a part of the object to sink, which is told the position of each write, in as
// many attempts as it takes. Where the host knows no parts, the first one is all of it.
func (f *fetch) get(ctx context.Context, part span, sink func(at int64, p []byte) error) error {
	try := f.c.retry()
	for {
		n, done, err := f.once(ctx, part, sink)
		part.from += n
		if done || err == nil {
			return err
		}
		if n >= progressSize {
			try.moved()
		}
		if errors.Is(err, errNoTotal) {
			continue // at once, and at most once: it is whole from now on
		}
		if errors.Is(err, ErrChanged) || errors.Is(err, errNoResume) || errors.As(err, new(sinkError)) {
			return err
		}
		if err := try.again(ctx, err); err != nil {
			return err
		}
	}
}

// once makes one request. It returns how many bytes it has written; done says that there
// will be no more, or that another attempt is of no use.
func (f *fetch) once(ctx context.Context, part span, sink func(int64, []byte) error) (n int64, done bool, err error) {
	at, err := f.p.get(ctx)
	if err != nil {
		return 0, false, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	res, err := f.ask(ctx, at, part)
	if err != nil {
		return 0, f.isSpent(at, err), err
	}
	defer res.Body.Close()
	skip, length, err := f.take(res, part)
	if err != nil {
		return 0, !errors.Is(err, errNoTotal) || !f.isWhole(), err
	}
	watch := time.AfterFunc(stallLimit, func() { cancel(errStalled) })
	defer watch.Stop()
	c := copying{from: res.Body, skip: skip, left: length, at: part.from, sink: sink, alive: func() { watch.Reset(stallLimit) }}
	err = c.run()
	if err == nil || errors.As(err, new(sinkError)) {
		return c.at - part.from, err == nil, err
	}
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		err = cause
	}
	return c.at - part.from, false, unanswered(http.MethodGet, at.url, err)
}

// ask requests a part, of the version that is known.
func (f *fetch) ask(ctx context.Context, at *signed, part span) (*http.Response, error) {
	f.mu.Lock()
	known, whole := f.known, f.whole
	f.mu.Unlock()
	res, err := f.s.exchange(ctx, http.MethodGet, at, func(r *http.Request) {
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
	case refused.Status == http.StatusPreconditionFailed && known != nil:
		return nil, fmt.Errorf("%w: %w", ErrChanged, err)
	case refused.Status == http.StatusRequestedRangeNotSatisfiable && known != nil && !whole:
		return nil, fmt.Errorf("%w: %w", ErrChanged, err)
	case refused.Status == http.StatusRequestedRangeNotSatisfiable && !whole:
		// An empty object has no part, not even the first.
		f.mu.Lock()
		f.whole = true
		f.mu.Unlock()
		return f.ask(ctx, at, part)
	default:
		return nil, err
	}
}

// isSpent notes a URL that has expired, and reports whether it is the one that had expired
// before: then the source has no other.
func (f *fetch) isSpent(at *signed, err error) bool {
	if !errors.Is(err, ErrExpired) {
		return false
	}
	f.p.refused(at, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	again := f.spent == at.url.String()
	f.spent = at.url.String()
	return again
}

// take looks at an answer: how much of it to skip, and how much then follows; -1 if that is
// not known.
func (f *fetch) take(res *http.Response, part span) (skip, length int64, err error) {
	if isPage(res) {
		return 0, 0, &networkError{http.MethodGet, shown(res.Request.URL), errPage.Error(), errPage}
	}
	switch res.StatusCode {
	case http.StatusPartialContent:
	case http.StatusOK:
		v := versionOf(res, res.ContentLength)
		if err := f.agree(v, part.from, part.from > 0 || part.end >= 0); err != nil {
			return 0, 0, err
		}
		if part.from > v.total && v.total >= 0 {
			return 0, 0, ErrChanged
		}
		if v.total < 0 {
			return part.from, -1, nil
		}
		return part.from, v.total - part.from, nil
	default:
		return 0, 0, fmt.Errorf("%w: status %d", errBadRange, res.StatusCode)
	}
	first, last, total, err := contentRange(res.Header.Get("Content-Range"))
	switch {
	case err != nil:
		return 0, 0, err
	case first != part.from, part.end >= 0 && last >= part.end:
		return 0, 0, errBadRange
	case total < 0, last+1 < total && !versionOf(res, total).named():
		f.mu.Lock()
		f.whole = f.known == nil
		f.mu.Unlock()
		return 0, 0, errNoTotal
	}
	if err := f.agree(versionOf(res, total), part.from, false); err != nil {
		return 0, 0, err
	}
	wanted := total
	if part.end >= 0 {
		wanted = min(part.end, total)
	}
	if last+1 < wanted {
		return 0, 0, errBadRange // less than was asked for, though there is more
	}
	return 0, last + 1 - first, nil
}

// agree notes the version of the first answer, and compares that of each other one. Whole
// says that the answer to a request for a part is the whole object.
func (f *fetch) agree(v *version, from int64, whole bool) error {
	f.mu.Lock()
	f.whole = f.whole || whole
	if f.known == nil {
		f.known = v
		f.mu.Unlock()
		f.learnt(v)
		return nil
	}
	defer f.mu.Unlock()
	switch same, ok := f.known.is(v); {
	case !same:
		return ErrChanged
	case !ok && from > 0:
		return errNoResume
	default:
		return nil
	}
}

// copying is an answer's content on its way.
type copying struct {
	from  io.Reader
	skip  int64 // of the content, at its beginning
	left  int64 // after that; -1 means to the end
	at    int64 // position of the next write
	sink  func(at int64, p []byte) error
	alive func()
}

func (c *copying) run() error {
	buf := make([]byte, bufferSize)
	for c.left != 0 || c.skip > 0 {
		want := int64(len(buf))
		switch {
		case c.skip > 0:
			want = min(want, c.skip)
		case c.left > 0:
			want = min(want, c.left)
		}
		n, err := c.from.Read(buf[:want])
		if n > 0 {
			c.alive()
			if err := c.put(buf[:n]); err != nil {
				return sinkError{err}
			}
		}
		switch {
		case errors.Is(err, io.EOF) && c.left < 0 && c.skip == 0, err != nil && c.left == 0 && c.skip == 0:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
	return nil
}

// put hands on what was read, after what is to be skipped.
func (c *copying) put(p []byte) error {
	if c.skip > 0 {
		c.skip -= int64(len(p))
		return nil
	}
	if err := c.sink(c.at, p); err != nil {
		return err
	}
	c.at += int64(len(p))
	if c.left > 0 {
		c.left -= int64(len(p))
	}
	return nil
}
