package kubeflow

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"sync"
)

// form is a multipart body of one file, which can be read several times.
type form struct {
	of           Package
	contentType  string
	before, rest []byte // around the file

	progress func(sent, size int64) // nil: none is wanted
	mu       sync.Mutex
	latest   *counted // of the readers; the others do not count any more
	over     bool     // the upload has returned
}

// statted is content that knows its size, such as an *os.File.
type statted interface {
	Stat() (os.FileInfo, error)
}

var errOver = errors.New("the upload has returned")

func newForm(p Package, progress func(sent, size int64)) *form {
	var text bytes.Buffer
	w := multipart.NewWriter(&text)
	_, _ = w.CreateFormFile("uploadfile", p.Name) // a buffer takes everything
	f := &form{of: p, progress: progress, contentType: w.FormDataContentType(), before: bytes.Clone(text.Bytes())}
	text.Reset()
	_ = w.Close()
	f.rest = text.Bytes()
	return f
}

// attach makes f the body of a request, also when that is sent a second time.
func (f *form) attach(r *http.Request) {
	r.Header.Set("Content-Type", f.contentType)
	r.ContentLength = int64(len(f.before)) + f.of.Size + int64(len(f.rest))
	r.GetBody = func() (io.ReadCloser, error) { return f.open(), nil }
	r.Body = f.open()
}

func (f *form) open() io.ReadCloser {
	file := &counted{form: f, Reader: io.NewSectionReader(f.of.Content, 0, f.of.Size)}
	f.mu.Lock()
	f.latest = file
	f.mu.Unlock()
	return io.NopCloser(io.MultiReader(bytes.NewReader(f.before), file, bytes.NewReader(f.rest)))
}

// end stops the readers: a transport may still have one.
func (f *form) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
}

// check reports whether a file of which that much was read is still what it was: io.EOF.
func (f *form) check(read int64) error {
	if file, ok := f.of.Content.(statted); ok {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		read = max(read, info.Size())
	}
	if read != f.of.Size {
		return ErrChanged
	}
	return io.EOF
}

// counted counts what is read of a file.
type counted struct {
	io.Reader

	form *form
	sent int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.form.isOver() {
		return 0, errOver
	}
	n, err := c.Reader.Read(p)
	if c.sent += int64(n); n > 0 {
		c.form.report(c)
	}
	if err == io.EOF { //nolint:errorlint // io.Reader promises the very value
		err = c.form.check(c.sent)
	}
	return n, err
}

func (f *form) isOver() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// report tells the program how much of the file was sent; the transport may still read an
// earlier one.
func (f *form) report(c *counted) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.progress != nil && f.latest == c && !f.over {
		f.progress(c.sent, f.of.Size)
	}
}
