package transfer

import (
	"context"
	"errors"
	"io"
	"math"
	"os"

	"golang.org/x/sync/errgroup"
)

// DownloadFile downloads an object to a file. Where the storage host sends parts of an
// object it reads several at once, see [WithConcurrency]; after a cut each goes on where it
// was. If the object is replaced meanwhile the download begins anew, a few times at most,
// and then ends with [ErrChanged].
//
// The content is written to a file beside path, and takes its place when it is complete and
// has the checksum that the host gives, if it gives one: path is never a part of the object,
// not even if the process is killed; see [WithSync] for a machine that may crash. A file that is
// there is replaced, keeps its permissions, and stays as it is if there is an error. A symbolic
// link to a file is followed, one to nothing is an error. All errors are [*Error].
func (c *Client) DownloadFile(ctx context.Context, from Source, path string) (Downloaded, error) {
	d := c.download(path, from)
	defer d.close()
	check, err := d.toFile(ctx, path)
	return d.end(err, check)
}

func (d *download) toFile(ctx context.Context, path string) (*checker, error) {
	next, err := replace(path)
	if err != nil {
		return nil, err
	}
	defer next.discard()
	for anew := 1; ; anew++ {
		err = d.fill(ctx, next.File)
		if !errors.Is(err, ErrChanged) && !errors.Is(err, errNoResume) || anew >= d.c.cfg.attempts {
			break
		}
		d.halt(false)
		d.f.forget()
		d.moved.Store(0)
		if err := next.Truncate(0); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if total := d.f.known.total; total >= 0 && total != d.moved.Load() {
		return nil, ErrShort // no fault of the host's
	}
	check, err := verify(ctx, next.File, d.f.known.sums.checker())
	if err != nil {
		return nil, err
	}
	return check, next.commit(d.c.cfg.sync)
}

// fill writes the object to file: its first part, and as soon as that has begun the others.
func (d *download) fill(ctx context.Context, file *os.File) error {
	part := d.c.cfg.part
	first := span{0, part}
	if d.c.cfg.concurrency == 1 {
		first.end = -1
	}
	begun := make(chan int64, 1) // the size of the object
	d.f.learnt = func(_ string, v *version) {
		d.begin(v)
		begun <- v.total
	}
	sink := func(at int64, p []byte) error {
		n, err := file.WriteAt(p, at)
		d.moved.Add(int64(n))
		return err
	}
	outer := ctx
	parts, ctx := errgroup.WithContext(outer)
	parts.SetLimit(d.c.cfg.concurrency)
	parts.Go(func() error {
		defer close(begun)
		return d.f.get(ctx, first, sink)
	})
	total := <-begun // 0 if there is no answer
	if _, whole := d.f.state(); whole || first.end < 0 {
		return parts.Wait()
	}
	at := part
	for ; at < total && ctx.Err() == nil; at += part {
		next := span{at, min(at+part, total)}
		parts.Go(func() error { return d.f.get(ctx, next, sink) })
	}
	err := parts.Wait()
	if err == nil && at < total { // the parts that had begun had also ended
		err = context.Cause(outer)
	}
	return err
}

// verify reads file and compares it with the checksum, if there is one.
func verify(ctx context.Context, file *os.File, check *checker) (*checker, error) {
	if check == nil {
		return nil, nil //nolint:nilnil // no checksum, no error
	}
	if _, err := hashAll(ctx, check.hash, io.NewSectionReader(file, 0, math.MaxInt64)); err != nil {
		return nil, err
	}
	err := check.check()
	return check, err
}
