package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/transfer"
)

// part is the size of a part in these tests.
const part = 64 << 10

// someParts has a little more than three parts.
var someParts = sync.OnceValue(func() string { return pattern(3*part + 7) })

// object is what a storage host has, and how it answers.
type object struct {
	content  string
	etag     string
	modified time.Time
	header   map[string]string
	noRanges bool                              // a Range is ignored
	cut      func(request int, length int) int // how many bytes come before the connection breaks; -1: all
	first    func(r *http.Request, request int) *http.Response

	requests atomic.Int32
}

// answered is when objects answer, by the host's clock.
var answered = time.Unix(2e9, 0).UTC()

func (o *object) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(o.requests.Add(1))
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if o.first != nil {
		if res := o.first(r, n); res != nil {
			return res, nil
		}
	}
	w := &recorder{header: http.Header{"Date": {answered.Format(http.TimeFormat)}}, status: http.StatusOK}
	if o.etag != "" {
		w.header.Set("ETag", o.etag)
	}
	for name, value := range o.header {
		w.header.Set(name, value)
	}
	w.header.Set("Content-Type", "application/octet-stream")
	if o.noRanges {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", o.modified, strings.NewReader(o.content))
	res := answer(r, w.status, w.body.String())
	res.Header = w.header
	if o.cut != nil && w.status < 300 {
		if at := o.cut(n, w.body.Len()); at >= 0 && at < w.body.Len() {
			res.Body = torn{bytes.NewReader(w.body.Bytes()[:at])}
		}
	}
	return res, nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// torn ends with an error in the middle.
type torn struct{ io.Reader }

func (t torn) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("connection reset by peer")
	}
	return n, err
}

func (torn) Close() error { return nil }

func from(o http.RoundTripper, opts ...transfer.Option) *transfer.Client {
	opts = append([]transfer.Option{transfer.WithHTTPClient(&http.Client{Transport: o}), transfer.WithPartSize(part)}, opts...)
	return transfer.New(nil, opts...)
}

var link = transfer.Link{URL: "https://store.example.com/b/key?X-Sig=" + canary}

// both downloads to a file and to a writer. Nothing must remain of a file but itself.
func both(t *testing.T, c *transfer.Client, src transfer.Source) (file, written string, errs [2]error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	_, errs[0] = c.DownloadFile(t.Context(), src, path)
	if text, err := os.ReadFile(path); err == nil {
		file = string(text)
	}
	var b strings.Builder
	_, errs[1] = c.Download(t.Context(), src, &b)
	onlyIn(t, filepath.Dir(path), "out")
	return file, b.String(), errs
}

// onlyIn checks that a directory has nothing else.
func onlyIn(t *testing.T, dir string, names ...string) {
	t.Helper()
	there, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range there {
		if !strings.Contains(strings.Join(names, "\n"), e.Name()) {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
