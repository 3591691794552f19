package transfer

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what storage hosts check uploads with, and the backend names objects by
	"errors"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
)

// smallReader is how much of a reader that can be read only once is held in memory.
const smallReader = 256 << 10

// readerContent returns the content of r from where it is.
func readerContent(ctx context.Context, r io.Reader) (*content, error) {
	seeker, ok := r.(io.Seeker)
	if !ok {
		return spooled(ctx, r)
	}
	from, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil { // a pipe
		return spooled(ctx, r)
	}
	if at, ok := r.(io.ReaderAt); ok {
		return sectionContent(ctx, at, from)
	}
	c := &content{same: unchanging, close: func() {}}
	if err := c.hash(ctx, r); err != nil {
		return nil, err
	}
	c.open = func() (io.ReadCloser, sending, error) {
		if _, err := seeker.Seek(from, io.SeekStart); err != nil {
			return nil, nil, err
		}
		b := &body{r: io.LimitReader(r, c.size), size: c.size}
		return b, b.progress, nil
	}
	return c, nil
}

// sectionContent returns the content of r behind from, of which several attempts can read
// at once.
func sectionContent(ctx context.Context, r io.ReaderAt, from int64) (*content, error) {
	c := &content{same: unchanging, close: func() {}}
	if err := c.hash(ctx, io.NewSectionReader(r, from, math.MaxInt64-from)); err != nil {
		return nil, err
	}
	c.open = func() (io.ReadCloser, sending, error) {
		b := &body{r: io.NewSectionReader(r, from, c.size), size: c.size}
		return b, b.progress, nil
	}
	return c, nil
}

// unchanging is content whose changes only its digest shows.
func unchanging() error { return nil }

func (c *content) hash(ctx context.Context, r io.Reader) (err error) {
	digest := md5.New() //nolint:gosec // see the import
	c.size, err = hashAll(ctx, digest, r)
	digest.Sum(c.md5[:0])
	return err
}

// spooled reads r into memory if it is small, and else into a temporary file.
func spooled(ctx context.Context, r io.Reader) (*content, error) {
	start, err := io.ReadAll(io.LimitReader(until{ctx, r}, smallReader))
	if err != nil {
		return nil, err
	}
	if len(start) < smallReader {
		return sectionContent(ctx, bytes.NewReader(start), 0)
	}
	f, err := os.CreateTemp("", "jetway-upload-*")
	if err != nil {
		return nil, err
	}
	remove := func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	unhashed := &content{}
	if err := unhashed.hash(ctx, io.TeeReader(io.MultiReader(bytes.NewReader(start), r), f)); err != nil {
		remove()
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		remove()
		return nil, err
	}
	c := sentFile(f, info, func() (*os.File, error) { return openFile(f.Name()) })
	c.md5, c.close = unhashed.md5, remove
	return c, nil
}

// until is a reader that ends with ctx.
type until struct {
	ctx context.Context //nolint:containedctx // that of the upload, which is all that it lives for
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}

// errOver is what a body returns to an attempt that is over.
var errOver = errors.New("the attempt is over")

// body is the content for one attempt. After Close its reader is not used any more, though
// net/http may still be sending; so the next attempt may use it.
type body struct {
	n     atomic.Int64 // that were read
	reads atomic.Bool  // at the moment

	size  int64        // of the content
	close func() error // may be nil

	mu  sync.Mutex
	r   io.Reader // nil when the attempt is over
	err error     // why r did not give all of it
}

// progress says how much was read, and whether the host waits for a read.
func (b *body) progress() (at int64, own bool) { return b.n.Load(), b.reads.Load() }

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.r == nil {
		return 0, errOver
	}
	b.reads.Store(true)
	defer b.reads.Store(false)
	n, err := b.r.Read(p)
	if read := b.n.Add(int64(n)); errors.Is(err, io.EOF) && read < b.size {
		err = ErrChanged
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// failed returns the error of the reader. No attempt mends it, and it is no fault of the host's.
func (b *body) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	over := b.r == nil
	b.r = nil
	if over || b.close == nil {
		return nil
	}
	return b.close()
}
