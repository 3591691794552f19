package transfer

import (
	"context"
	"crypto/md5" //nolint:gosec // what storage hosts check uploads with, and the backend names objects by
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"runtime"
)

const (
	// hashBuffer is how much is read at once for a digest.
	hashBuffer = 64 << 10
	// offsetMoves says that the offset of a file that the system sends is that of what was
	// sent. Elsewhere it moves when all was, so a host that stops would look like one that
	// goes on; files are read by this program there.
	offsetMoves = runtime.GOOS == "linux"
)

// content is what one upload sends, as often as that takes.
type content struct {
	size int64
	md5  [md5.Size]byte
	// open returns the content from its start, for one attempt, and a function that says how
	// much of it was read; it may be called at any time.
	open func() (io.ReadCloser, sending, error)
	// same returns ErrChanged if the content is not that of the digest any more.
	same  func() error
	close func()
}

// fileContent reads the file that open opens for its digest. Each attempt opens it anew: the
// one before may still be reading, and the system sends a file without detours only if it
// is the request's body itself.
func fileContent(ctx context.Context, open func() (*os.File, error)) (*content, error) {
	f, info, err := openRegular(open)
	if err != nil {
		return nil, err
	}
	digest := md5.New() //nolint:gosec // see the import
	size, err := hashAll(ctx, digest, f)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	c := sentFile(f, info, open)
	c.size = size
	digest.Sum(c.md5[:0])
	if err = c.same(); err == nil && size != info.Size() {
		err = ErrChanged
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// openFile opens what is a regular file; a pipe would wait for its other end.
func openFile(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, ErrNotFile
	}
	return os.Open(path)
}

// openRegular opens a regular file.
func openRegular(open func() (*os.File, error)) (*os.File, fs.FileInfo, error) {
	f, err := open()
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotFile
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// sentFile returns the content of f, which stays open for as long as the content is
// needed. Info is that of the time before the digest.
func sentFile(f *os.File, info fs.FileInfo, open func() (*os.File, error)) *content {
	same := func(now fs.FileInfo) bool {
		return os.SameFile(info, now) && now.Size() == info.Size() && now.ModTime().Equal(info.ModTime())
	}
	return &content{
		size: info.Size(),
		open: func() (io.ReadCloser, sending, error) {
			again, now, err := openRegular(open)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil, nil, ErrChanged
			case err != nil:
				return nil, nil, err
			case !same(now):
				_ = again.Close()
				return nil, nil, ErrChanged
			}
			if !offsetMoves {
				b := &body{r: again, size: info.Size(), close: again.Close}
				return b, b.progress, nil
			}
			return again, func() (int64, bool) { return offset(again), false }, nil
		},
		same: func() error {
			now, err := f.Stat()
			if err == nil && !same(now) {
				err = ErrChanged
			}
			return err
		},
		close: func() { _ = f.Close() },
	}
}

// offset returns how much of f was read; -1 when it is closed.
func offset(f *os.File) int64 {
	n, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return -1
	}
	return n
}

// hashAll writes r to digest, and returns its size.
func hashAll(ctx context.Context, digest hash.Hash, r io.Reader) (size int64, err error) {
	buf := make([]byte, hashBuffer)
	for {
		n, err := r.Read(buf)
		digest.Write(buf[:n])
		size += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return size, nil
		case err != nil:
			return size, err
		case ctx.Err() != nil:
			return size, context.Cause(ctx)
		}
	}
}
