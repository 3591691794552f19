package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/transfer"
)

func TestObjectThatIsReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := other(someParts()[1:])
		replaced := func() *object {
			o := &object{content: someParts(), etag: `"1"`}
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
		if err != nil || string(text) != next || got.ETag != `"2"` || got.Size != int64(len(next)) {
			t.Errorf("the file has %d bytes, %+v, %v", len(text), got, err)
		}
		var b strings.Builder
		if _, err := from(replaced()).Download(t.Context(), link, &b); !errors.Is(err, transfer.ErrChanged) {
			t.Errorf("written on: %v", err)
		}
	})
}

// other returns other content of the same size.
func other(text string) string {
	b := []byte(text)
	for i := range b {
		b[i]++
	}
	return string(b)
}

// The host does not look at conditions, and the new object is of the same size.
func TestPartsOfTwoVersionsAreNotPutTogether(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]*object{
		"ETag":          {etag: `"2"`, modified: time.Unix(1e9, 0)},
		"Last-Modified": {etag: `W/"1"`, modified: time.Unix(1e9+1, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := &object{content: someParts(), etag: `W/"1"`, modified: time.Unix(1e9, 0)}
			next := &object{content: other(someParts()), etag: second.etag, modified: second.modified}
			n := 0
			host := tripper(func(r *http.Request) (*http.Response, error) {
				r.Header.Del("If-Match")
				r.Header.Del("If-Unmodified-Since")
				if n++; n == 3 {
					now = next
				}
				return now.RoundTrip(r)
			})
			path := filepath.Join(t.TempDir(), "out")
			_, err := from(alone(host), transfer.WithConcurrency(2)).DownloadFile(t.Context(), link, path)
			if text, _ := os.ReadFile(path); err != nil || string(text) != next.content {
				t.Errorf("%d bytes, %v", len(text), err)
			}
		})
	}
}

// alone lets one request through at a time.
func alone(to http.RoundTripper) http.RoundTripper {
	one := make(chan struct{}, 1)
	return tripper(func(r *http.Request) (*http.Response, error) {
		one <- struct{}{}
		defer func() { <-one }()
		return to.RoundTrip(r)
	})
}

func TestObjectThatIsAlwaysReplacedEndsTheDownload(t *testing.T) {
	t.Parallel()
	o := &object{content: someParts(), etag: `"0"`}
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
		onlyIn(t, filepath.Dir(path))
	})
}

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
		path := filepath.Join(t.TempDir(), "out")
		_, err := from(o).DownloadFile(ctx, link, path)
		if !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		onlyIn(t, filepath.Dir(path))
	})
}

func TestErrorOfAWriterIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	o := &object{content: "hello", etag: `"e"`}
	full := status.Error(codes.Unavailable, "disk full")
	_, err := from(o).Download(t.Context(), link, writerFunc(func([]byte) (int, error) { return 0, full }))
	if !errors.Is(err, full) || o.requests.Load() != 1 {
		t.Errorf("%d requests, %v", o.requests.Load(), err)
	}
	_, err = from(o).Download(t.Context(), link, writerFunc(func([]byte) (int, error) { return 1, nil }))
	if err == nil || o.requests.Load() != 2 {
		t.Errorf("a short write: %d requests, %v", o.requests.Load(), err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A host that is not read from cannot send.
func TestSlowWriterIsNotTakenForASilentHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &object{etag: `"e"`, first: func(r *http.Request, _ int) *http.Response {
			res := answer(r, http.StatusOK, "0123456789", "ETag", `"e"`)
			res.Body = ending{res.Body, r.Context()}
			return res
		}}
		_, err := from(o).Download(t.Context(), link, writerFunc(func(p []byte) (int, error) {
			time.Sleep(time.Hour)
			return len(p), nil
		}))
		if err != nil || o.requests.Load() != 1 {
			t.Errorf("%d requests, %v", o.requests.Load(), err)
		}
	})
}

// ending is a body that ends with its request.
type ending struct {
	io.ReadCloser

	ctx context.Context
}

func (e ending) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.ReadCloser.Read(p[:1])
}

// A program that recovers from a panic of its writer must not be sent reports any more.
func TestWriterThatPanicsEndsTheReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reports := 0
		c := from(&object{content: "hello", etag: `"e"`}, transfer.WithProgress(func(transfer.Progress) { reports++ }))
		func() {
			defer func() { _ = recover() }()
			_, _ = c.Download(t.Context(), link, writerFunc(func([]byte) (int, error) { panic("oh") }))
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if reports != 0 {
			t.Errorf("%d reports", reports)
		}
	})
}

func TestProgressOfADownload(t *testing.T) {
	t.Parallel()
	o := &object{content: someParts(), etag: `"e"`}
	var last transfer.Progress
	path := filepath.Join(t.TempDir(), "out")
	c := from(o, transfer.WithProgress(func(p transfer.Progress) { last = p }))
	if _, err := c.DownloadFile(t.Context(), link, path); err != nil {
		t.Fatal(err)
	}
	size := int64(len(o.content))
	if last.Name != path || last.Bytes != size || last.Total != size {
		t.Errorf("the last report was %+v", last)
	}
	if _, err := c.Download(t.Context(), link, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if last.Name != "https://store.example.com/b/key" || last.Bytes != size {
		t.Errorf("the last report was %+v", last)
	}
}

func TestProgressBeginsAnewWithTheDownload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &object{content: someParts(), etag: `"1"`}
		o.cut = func(n, length int) int {
			if n == 1 {
				o.content, o.etag = o.content[:part], `"2"`
				return length - 1
			}
			return -1
		}
		o.first = func(*http.Request, int) *http.Response { time.Sleep(time.Second); return nil }
		var got []transfer.Progress
		c := from(o, transfer.WithConcurrency(1), transfer.WithProgress(func(p transfer.Progress) { got = append(got, p) }))
		if _, err := c.DownloadFile(t.Context(), link, filepath.Join(t.TempDir(), "out")); err != nil {
			t.Fatal(err)
		}
		if len(got) < 2 || got[0].Bytes != 3*part+6 || got[0].Total != 3*part+7 {
			t.Errorf("the reports begin with %+v", got[:1])
		}
		if last := got[len(got)-1]; last.Bytes != part || last.Total != part {
			t.Errorf("the last report was %+v", last)
		}
	})
}

func TestDownloadReplacesFilesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{dir, "", filepath.Join(dir, "new") + string(filepath.Separator)} {
		o := &object{}
		if _, err := from(o).DownloadFile(t.Context(), link, path); !errors.Is(err, transfer.ErrNotFile) || o.requests.Load() > 0 {
			t.Errorf("%q: %d requests, %v", path, o.requests.Load(), err)
		}
	}
	o := &object{}
	if _, err := from(o).DownloadFile(t.Context(), link, filepath.Join(dir, "none", "out")); !errors.Is(err, os.ErrNotExist) || o.requests.Load() > 0 {
		t.Errorf("no directory: %d requests, %v", o.requests.Load(), err)
	}
	if err := os.Symlink(filepath.Join(dir, "none"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := from(o).DownloadFile(t.Context(), link, filepath.Join(dir, "link")); !errors.Is(err, os.ErrNotExist) || o.requests.Load() > 0 {
		t.Errorf("a link to nothing: %d requests, %v", o.requests.Load(), err)
	}
	onlyIn(t, dir, "link")
}

func TestFileThatIsThereKeepsItsPlaceAndItsPermissions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "real", strings.Repeat("n", 250)), "before")
	if err := os.Chmod(path, 0o666); err != nil { // which a umask forbids new files
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := from(&object{content: "hello"}).DownloadFile(t.Context(), link, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(filepath.Join(dir, "link"))
	if err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v, %v", info, err)
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "hello" {
		t.Errorf("%q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o666 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// The parts that have begun may still end well.
func TestDownloadThatIsCancelledBetweenItsPartsSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o := &object{content: someParts(), etag: `"e"`, first: func(*http.Request, int) *http.Response { cancel(); return nil }}
		path := filepath.Join(t.TempDir(), "out")
		_, err := from(o).DownloadFile(ctx, link, path)
		if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled {
			t.Errorf("got %v", err)
		}
		onlyIn(t, filepath.Dir(path))
	})
}
