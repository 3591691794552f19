package transfer

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// partSize is how much of an object one request asks for where several run at once.
const partSize = 16 << 20

// DownloadFile downloads an object to a file. Where the storage host sends parts of an
// object it reads several at once, see [WithConcurrency]; after a cut each goes on where it
// was. If the object is replaced meanwhile the download begins anew, a few times at most,
// and then ends with [ErrChanged].
//
// The content is written to a file beside path, and takes its place when it is complete and
// has the checksum that the host gives, if it gives one: path is never a part of the object.
// A file that is there is replaced, and stays if there is an error. All errors are [*Error].
func (c *Client) DownloadFile(ctx context.Context, from Source, path string) (Downloaded, error) {
	d := c.download(path, from)
	defer d.close()
	check, err := d.toFile(ctx, path)
	return d.end(err, check)
}

func (d *download) toFile(ctx context.Context, path string) (check *checker, err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, ErrNotFile
	}
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:8]+".part")
	file, err := os.OpenFile(next, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666) //nolint:gosec // as any program creates files, less the umask
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close() // again, as a rule
			_ = os.Remove(next)
		}
	}()
	for anew := 1; ; anew++ {
		err = d.fill(ctx, file)
		if !errors.Is(err, ErrChanged) && !errors.Is(err, errNoResume) || anew >= d.c.cfg.attempts {
			break
		}
		if err = file.Truncate(0); err != nil {
			break
		}
		d.forget()
	}
	if err != nil {
		return nil, err
	}
	if check, err = verify(file, d.f.known.sums.checker()); err != nil {
		return nil, err
	}
	if err = file.Close(); err != nil {
		return nil, err
	}
	return check, os.Rename(next, path)
}

// forget has the next answer be the first.
func (d *download) forget() {
	d.f.known, d.f.whole = nil, false
	d.moved.Store(0)
}

// fill writes the object to file: its first part, and as soon as that has begun the others.
func (d *download) fill(ctx context.Context, file *os.File) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(d.c.cfg.concurrency)
	begun := make(chan *version, 1)
	d.f.learnt = func(v *version) {
		d.begin(v)
		begun <- v
	}
	sink := func(at int64, p []byte) error {
		n, err := file.WriteAt(p, at)
		d.moved.Add(int64(n))
		return err
	}
	first := make(chan struct{})
	g.Go(func() error {
		defer close(first)
		part := span{0, partSize}
		if d.c.cfg.concurrency == 1 {
			part.end = -1
		}
		return d.f.get(ctx, part, sink)
	})
	var v *version
	select {
	case v = <-begun:
	case <-first:
		select { // an answer that has begun is not lost
		case v = <-begun:
		default:
		}
	}
	if v == nil || d.f.isWhole() || d.c.cfg.concurrency == 1 {
		return g.Wait()
	}
	for at := int64(partSize); at < v.total && ctx.Err() == nil; at += partSize {
		g.Go(func() error {
			return d.f.get(ctx, span{at, min(at+partSize, v.total)}, sink)
		})
	}
	return g.Wait()
}

// isWhole reports whether the host sends the whole object only.
func (f *fetch) isWhole() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.whole
}

// verify reads file and compares it with the checksum, if there is one.
func verify(file *os.File, check *checker) (*checker, error) {
	if check == nil {
		return nil, nil //nolint:nilnil // no checksum, no error
	}
	if _, err := io.Copy(check.hash, io.NewSectionReader(file, 0, 1<<62)); err != nil {
		return nil, err
	}
	return check, check.check()
}
