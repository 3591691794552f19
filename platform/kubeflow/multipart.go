package kubeflow

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
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
}

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

// counted counts what is read of a file.
type counted struct {
	io.Reader

	form *form
	sent int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if n > 0 && c.form.progress != nil {
		c.form.mu.Lock()
		defer c.form.mu.Unlock()
		c.sent += int64(n)
		if c.form.latest == c { // the transport may still read an earlier one
			c.form.progress(c.sent, c.form.of.Size)
		}
	}
	return n, err
}
