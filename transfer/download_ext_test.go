package transfer_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/transfer"
)

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

func (o *object) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(o.requests.Add(1))
	if o.first != nil {
		if res := o.first(r, n); res != nil {
			return res, nil
		}
	}
	if match := r.Header.Get("If-Match"); match != "" && match != o.etag {
		return answer(r, http.StatusPreconditionFailed, ""), nil
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
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

func from(o http.RoundTripper, opts ...transfer.Option) *transfer.Client {
	return transfer.New(nil, append([]transfer.Option{transfer.WithHTTPClient(&http.Client{Transport: o})}, opts...)...)
}

var link = transfer.Link{URL: "https://store.example.com/b/key?X-Sig=" + canary}

// Each way to download has to give the same content, or the same error.
func both(t *testing.T, c *transfer.Client, src transfer.Source) (file, written string, errs [2]error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	_, errs[0] = c.DownloadFile(t.Context(), src, path)
	if text, err := os.ReadFile(path); err == nil {
		file = string(text)
	}
	var b strings.Builder
	_, errs[1] = c.Download(t.Context(), src, &b)
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if e.Name() != "out" {
			t.Errorf("%s was left behind", e.Name())
		}
	}
	return file, b.String(), errs
}

func TestDownloadHasEveryByteWhateverTheHostKnows(t *testing.T) {
	t.Parallel()
	sum := func(text string) string { s := md5.Sum([]byte(text)); return base64.StdEncoding.EncodeToString(s[:]) }
	large := pattern(33<<20 + 7)
	for name, o := range map[string]*object{
		"empty":                   {etag: `"e"`},
		"empty, no ranges":        {noRanges: true},
		"small":                   {content: "hello", etag: `"e"`},
		"no version":              {content: "hello"},
		"three parts":             {content: large, etag: `"e"`},
		"three parts, no ETag":    {content: large, modified: time.Unix(1e9, 0)},
		"three parts, no version": {content: large},
		"no ranges":               {content: large, noRanges: true},
		"exactly one part":        {content: large[:16<<20], etag: `"e"`},
		"one byte more":           {content: large[:16<<20+1], etag: `"e"`},
		"MD5 of the backend":      {content: "hello", header: map[string]string{"x-amz-meta-flytecontentmd5": sum("hello")}},
		"checksum is no base64":   {content: "hello", header: map[string]string{"x-amz-meta-flytecontentmd5": "?"}},
		"odd ETag":                {content: large, etag: `W/"e"`, modified: time.Unix(1e9, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, written, errs := both(t, from(o), link)
			if errs != [2]error{} {
				t.Fatal(errs)
			}
			if file != o.content || written != o.content {
				t.Errorf("%d and %d bytes came of %d, or others", len(file), len(written), len(o.content))
			}
		})
	}
}

func TestDownloadGoesOnAfterACut(t *testing.T) {
	t.Parallel()
	large := pattern(33<<20 + 7)
	for name, o := range map[string]*object{
		"ETag":          {content: large, etag: `"e"`},
		"Last-Modified": {content: large, modified: time.Unix(1e9, 0)},
		"no ranges":     {content: large[:1<<20], etag: `"e"`, noRanges: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.cut = func(_, length int) int {
				if length > 300<<10 {
					return length * 3 / 4
				}
				return -1
			}
			if o.noRanges {
				o.cut = func(n, length int) int { return min(n*200<<10, length) }
			}
			synctest.Test(t, func(t *testing.T) {
				file, written, errs := both(t, from(o), link)
				if errs != [2]error{} || file != large[:len(o.content)] || written != file {
					t.Errorf("%d and %d bytes, %v", len(file), len(written), errs)
				}
			})
			if o.requests.Load() < 4 {
				t.Errorf("%d requests: nothing was cut", o.requests.Load())
			}
		})
	}
}

func TestDownloadThatEndsEarlyIsNoFile(t *testing.T) {
	t.Parallel()
	o := &object{content: pattern(1 << 20), etag: `"e"`, cut: func(int, int) int { return 100 }}
	synctest.Test(t, func(t *testing.T) {
		file, _, errs := both(t, from(o), link)
		for _, err := range errs {
			if err == nil || status.Code(err) == codes.OK || strings.Contains(err.Error(), canary) {
				t.Errorf("got %v", err)
			}
		}
		if file != "" {
			t.Errorf("a file of %d bytes", len(file))
		}
	})
}

func TestObjectThatIsReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	old, next := pattern(33<<20), strings.ToUpper(pattern(33 << 20)[1:])
	synctest.Test(t, func(t *testing.T) {
		replaced := func() *object {
			o := &object{content: old, etag: `"1"`}
			o.cut = func(n, length int) int {
				if n == 1 {
					o.content, o.etag = next, `"2"`
					return length / 2
				}
				return -1
			}
			return o
		}
		path := filepath.Join(t.TempDir(), "out")
		got, err := from(replaced(), transfer.WithConcurrency(1)).DownloadFile(t.Context(), link, path)
		text, _ := os.ReadFile(path)
		if err != nil || string(text) != next || got.ETag != `"2"` {
			t.Errorf("the file has %d bytes, %v", len(text), err)
		}
		var b strings.Builder
		if _, err := from(replaced()).Download(t.Context(), link, &b); !errors.Is(err, transfer.ErrChanged) {
			t.Errorf("written on: %v", err)
		}
	})
}

func TestObjectThatIsAlwaysReplacedEndsTheDownload(t *testing.T) {
	t.Parallel()
	o := &object{content: pattern(40 << 20), etag: `"0"`}
	o.cut = func(n, length int) int {
		o.etag = fmt.Sprintf(`"%d"`, n)
		return length / 2
	}
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		_, err := from(o, transfer.WithConcurrency(1)).DownloadFile(t.Context(), link, path)
		if !errors.Is(err, transfer.ErrChanged) || status.Code(err) != codes.Aborted {
			t.Errorf("got %v", err)
		}
	})
}

func TestDownloadComparesTheChecksum(t *testing.T) {
	t.Parallel()
	crc := func(text string) string {
		s := crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli))
		return base64.StdEncoding.EncodeToString([]byte{byte(s >> 24), byte(s >> 16), byte(s >> 8), byte(s)})
	}
	sum := md5.Sum([]byte("hello"))
	good, other := base64.StdEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(make([]byte, 16))
	for name, tt := range map[string]struct {
		header, value string
		verified      string
		wrong         bool
	}{
		"Amazon, of the backend":  {"x-amz-meta-flytecontentmd5", good, "MD5", false},
		"Google, of the backend":  {"x-goog-meta-flytecontentmd5", good, "MD5", false},
		"Azure":                   {"x-ms-blob-content-md5", good, "MD5", false},
		"Google":                  {"x-goog-hash", "crc32c=" + crc("hello") + ", md5=" + good, "CRC32C", false},
		"wrong MD5":               {"x-amz-meta-flytecontentmd5", other, "", true},
		"wrong CRC32C":            {"x-goog-hash", "crc32c=" + crc("hallo"), "", true},
		"an ETag is no checksum":  {"ETag", `"5d41402abc4b2a76b9719d911017c592"`, "", false},
		"that of encoded content": {"Content-Encoding", "gzip", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &object{content: "hello", etag: `"e"`, header: map[string]string{tt.header: tt.value}}
			path := write(t, filepath.Join(t.TempDir(), "out"), "before")
			got, err := from(o).DownloadFile(t.Context(), link, path)
			text, _ := os.ReadFile(path)
			if tt.wrong {
				if !errors.Is(err, transfer.ErrChecksum) || string(text) != "before" {
					t.Errorf("%q, %v", text, err)
				}
				return
			}
			if err != nil || got.Verified != tt.verified || string(text) != "hello" {
				t.Errorf("%q, verified by %q, %v", text, got.Verified, err)
			}
		})
	}
}

func TestHostThatAnswersOddly(t *testing.T) {
	t.Parallel()
	part := func(r *http.Request, contentRange, body string) *http.Response {
		return answer(r, http.StatusPartialContent, body, "Content-Range", contentRange, "ETag", `"e"`)
	}
	for name, tt := range map[string]struct {
		first func(*http.Request, int) *http.Response
		want  error
		code  codes.Code
	}{
		"another part":                       {first: func(r *http.Request, _ int) *http.Response { return part(r, "bytes 5-9/10", "56789") }},
		"no Content-Range":                   {first: func(r *http.Request, _ int) *http.Response { return part(r, "", "hello") }},
		"a range that ends before it begins": {first: func(r *http.Request, _ int) *http.Response { return part(r, "bytes 0--5/10", "hello") }},
		"less than there is":                 {first: func(r *http.Request, _ int) *http.Response { return part(r, "bytes 0-4/10", "hello") }},
		"a page": {first: func(r *http.Request, _ int) *http.Response {
			return answer(r, http.StatusOK, "<html>log in", "Content-Type", "text/html; charset=utf-8")
		}, code: codes.Unavailable},
		"no content": {first: func(r *http.Request, _ int) *http.Response { return answer(r, http.StatusNoContent, "") }},
		"not found":  {first: func(r *http.Request, _ int) *http.Response { return answer(r, http.StatusNotFound, "") }, code: codes.NotFound},
		"forbidden":  {first: func(r *http.Request, _ int) *http.Response { return answer(r, http.StatusForbidden, "") }, code: codes.PermissionDenied},
		"a link that has expired for good": {first: func(r *http.Request, _ int) *http.Response {
			return answer(r, http.StatusForbidden, "<Error><Code>AccessDenied</Code><Message>Request has expired "+canary+"</Message></Error>")
		}, want: transfer.ErrExpired, code: codes.FailedPrecondition},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &object{content: "0123456789", etag: `"e"`, first: tt.first}
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "out")
				_, err := from(o).DownloadFile(t.Context(), link, path)
				failure, ok := errors.AsType[*transfer.Error](err)
				if !ok || failure.Op != "download" || strings.Contains(err.Error(), canary) {
					t.Fatalf("got %v", err)
				}
				if tt.want != nil && !errors.Is(err, tt.want) || tt.code != codes.OK && status.Code(err) != tt.code {
					t.Errorf("got %v, code %v", err, status.Code(err))
				}
				if _, err := os.Stat(path); err == nil {
					t.Error("there is a file")
				}
			})
		})
	}
}

// renewing is a source whose links stop to work.
type renewing struct{ n atomic.Int32 }

func (s *renewing) Sign(context.Context) (transfer.Link, error) {
	return transfer.Link{URL: fmt.Sprintf("https://store.example.com/b/key?n=%d&X-Sig=%s", s.n.Add(1), canary)}, nil
}

func TestLinkThatExpiresIsSignedAgain(t *testing.T) {
	t.Parallel()
	large := pattern(40 << 20)
	o := &object{content: large, etag: `"e"`, cut: func(n, length int) int {
		if n == 1 {
			return length / 2
		}
		return -1
	}}
	o.first = func(r *http.Request, n int) *http.Response {
		if n > 1 && r.URL.Query().Get("n") == "1" {
			return answer(r, http.StatusBadRequest, "<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>")
		}
		return nil
	}
	source := &renewing{}
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		if _, err := from(o).Download(t.Context(), source, &b); err != nil || b.String() != large {
			t.Errorf("%d bytes, %v", b.Len(), err)
		}
	})
	if source.n.Load() != 2 {
		t.Errorf("%d links were signed, want 2", source.n.Load())
	}
}

func TestHostThatStopsSendingIsAskedAgain(t *testing.T) {
	t.Parallel()
	o := &object{content: "0123456789", etag: `"e"`}
	o.first = func(r *http.Request, n int) *http.Response {
		if n > 1 {
			return nil
		}
		res := answer(r, http.StatusPartialContent, "", "Content-Range", "bytes 0-9/10", "ETag", `"e"`)
		res.Body = silent{r.Context()}
		return res
	}
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		start := time.Now()
		if _, err := from(o).Download(t.Context(), link, &b); err != nil || b.String() != o.content {
			t.Errorf("%q, %v", b.String(), err)
		}
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// silent is a body that never comes.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (silent) Close() error               { return nil }

func TestDownloadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	o := &object{first: func(r *http.Request, _ int) *http.Response {
		res := answer(r, http.StatusOK, "")
		res.ContentLength, res.Body = 10, silent{r.Context()}
		return res
	}}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := from(o).DownloadFile(ctx, link, filepath.Join(t.TempDir(), "out"))
		if !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
	})
}

func TestErrorOfAWriterIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	o := &object{content: "hello", etag: `"e"`}
	full := status.Error(codes.Unavailable, "disk full")
	_, err := from(o).Download(t.Context(), link, brokenWriter{full})
	if !errors.Is(err, full) || o.requests.Load() != 1 {
		t.Errorf("%d requests, %v", o.requests.Load(), err)
	}
}

type brokenWriter struct{ err error }

func (f brokenWriter) Write([]byte) (int, error) { return 0, f.err }

func TestDownloadReportsProgress(t *testing.T) {
	t.Parallel()
	o := &object{content: pattern(20 << 20), etag: `"e"`}
	var last transfer.Progress
	path := filepath.Join(t.TempDir(), "out")
	c := from(o, transfer.WithProgress(func(p transfer.Progress) { last = p }))
	if _, err := c.DownloadFile(t.Context(), link, path); err != nil {
		t.Fatal(err)
	}
	if last.Name != path || last.Bytes != 20<<20 || last.Total != 20<<20 {
		t.Errorf("the last report was %+v", last)
	}
}

func TestDownloadReplacesFilesOnly(t *testing.T) {
	t.Parallel()
	if _, err := from(&object{}).DownloadFile(t.Context(), link, t.TempDir()); !errors.Is(err, transfer.ErrNotFile) {
		t.Errorf("got %v", err)
	}
}
