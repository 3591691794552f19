package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

func TestDownloadHasEveryByteWhateverTheHostKnows(t *testing.T) {
	t.Parallel()
	large, old := someParts(), time.Unix(1e9, 0)
	for name, o := range map[string]*object{
		"empty":                       {etag: `"e"`},
		"empty, no ranges":            {noRanges: true},
		"small":                       {content: "hello", etag: `"e"`},
		"no version":                  {content: "hello"},
		"some parts":                  {content: large, etag: `"e"`},
		"some parts, no ETag":         {content: large, modified: old},
		"some parts, no version":      {content: large},
		"no ranges":                   {content: large, noRanges: true},
		"exactly one part":            {content: large[:part], etag: `"e"`},
		"exactly three parts":         {content: large[:3*part], etag: `"e"`},
		"one byte more":               {content: large[:part+1], etag: `"e"`},
		"weak ETag":                   {content: large, etag: `W/"e"`},
		"weak ETag and Last-Modified": {content: large, etag: `W/"e"`, modified: old},
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

// What is put together from parts is of one version, or else of one answer.
func TestPartsAreAskedForOnlyWhereTheVersionIsCertain(t *testing.T) {
	t.Parallel()
	old := time.Unix(1e9, 0)
	for name, tt := range map[string]struct {
		o     *object
		parts bool
	}{
		"ETag":                        {&object{etag: `"e"`}, true},
		"Last-Modified":               {&object{modified: old}, true},
		"weak ETag and Last-Modified": {&object{etag: `W/"e"`, modified: old}, true},
		"weak ETag":                   {&object{etag: `W/"e"`}, false},
		"Last-Modified just now":      {&object{modified: answered}, false},
		"nothing":                     {&object{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.o.content = someParts()
			if _, err := from(tt.o).DownloadFile(t.Context(), link, filepath.Join(t.TempDir(), "out")); err != nil {
				t.Fatal(err)
			}
			if n := tt.o.requests.Load(); tt.parts && n != 4 || !tt.parts && n != 2 {
				t.Errorf("%d requests; want 4 for parts, or one that tries and one for the whole", n)
			}
		})
	}
}

func TestDownloadGoesOnAfterACut(t *testing.T) {
	t.Parallel()
	most := func(_, length int) int {
		if length > part/3 {
			return length * 3 / 4
		}
		return -1
	}
	for name, o := range map[string]*object{
		"ETag":          {content: someParts(), etag: `"e"`, cut: most},
		"Last-Modified": {content: someParts(), modified: time.Unix(1e9, 0), cut: most},
		"no ranges":     {content: someParts(), etag: `"e"`, noRanges: true, cut: func(n, length int) int { return min(n*part/2, length) }},
		"at once":       {content: someParts(), etag: `"e"`, cut: func(n, _ int) int { return n%2 - 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				file, written, errs := both(t, from(o), link)
				if errs != [2]error{} || file != o.content || written != file {
					t.Errorf("%d and %d bytes, %v", len(file), len(written), errs)
				}
			})
			if o.requests.Load() < 6 {
				t.Errorf("%d requests: nothing was cut", o.requests.Load())
			}
		})
	}
}

func TestDownloadThatEndsEarlyIsNoFile(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]*object{
		"at once":    {content: someParts(), etag: `"e"`, cut: func(int, int) int { return 100 }},
		"no version": {content: someParts(), cut: func(_, length int) int { return min(length-1, part) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				file, _, errs := both(t, from(o), link)
				for _, err := range errs {
					if code := status.Code(err); code != codes.Unavailable && code != codes.DataLoss || strings.Contains(err.Error(), canary) {
						t.Errorf("%v: %v", code, err)
					}
				}
				if file != "" {
					t.Errorf("a file of %d bytes", len(file))
				}
			})
		})
	}
}

// renewing is a source that signs another link each time.
type renewing struct{ n atomic.Int32 }

func (s *renewing) Sign(context.Context) (transfer.Link, error) {
	return transfer.Link{URL: fmt.Sprintf("https://store.example.com/b/key?n=%d&X-Sig=%s", s.n.Add(1), canary)}, nil
}

func tooLate(r *http.Request) *http.Response {
	return answer(r, http.StatusBadRequest, "<Error><Code>ExpiredToken</Code><Message>"+canary+"</Message></Error>")
}

func TestLinkThatExpiresIsSignedAgain(t *testing.T) {
	t.Parallel()
	o := &object{content: someParts(), etag: `"e"`, cut: func(n, length int) int {
		if n == 1 {
			return length / 2
		}
		return -1
	}}
	o.first = func(r *http.Request, n int) *http.Response {
		if n > 1 && r.URL.Query().Get("n") == "1" {
			return tooLate(r)
		}
		return nil
	}
	source := &renewing{}
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		if _, err := from(o).Download(t.Context(), source, &b); err != nil || b.String() != o.content {
			t.Errorf("%d bytes, %v", b.Len(), err)
		}
	})
	if source.n.Load() != 2 {
		t.Errorf("%d links were signed, want 2", source.n.Load())
	}
}

// Several requests are under way with one URL when it expires. None of them must take that
// for the end.
func TestLinkThatExpiresUnderSeveralPartsIsSignedAgainOnce(t *testing.T) {
	t.Parallel()
	var late atomic.Int32
	source := &renewing{}
	synctest.Test(t, func(t *testing.T) {
		o := &object{content: someParts(), etag: `"e"`}
		o.first = func(r *http.Request, _ int) *http.Response {
			if r.URL.Query().Get("n") == "1" && !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") {
				time.Sleep(time.Second) // until all are under way
				late.Add(1)
				return tooLate(r)
			}
			return nil
		}
		path := filepath.Join(t.TempDir(), "out")
		_, err := from(o).DownloadFile(t.Context(), source, path)
		if text, _ := os.ReadFile(path); err != nil || string(text) != o.content {
			t.Errorf("%d bytes, %v", len(text), err)
		}
	})
	if late.Load() != 3 || source.n.Load() != 2 {
		t.Errorf("%d requests met the end of the URL, %d were signed; want 3 and 2", late.Load(), source.n.Load())
	}
}

func TestLinkThatHasExpiredForGoodIsNotTriedForLong(t *testing.T) {
	t.Parallel()
	o := &object{first: func(r *http.Request, _ int) *http.Response { return tooLate(r) }}
	_, err := from(o).Download(t.Context(), link, &bytes.Buffer{})
	if !errors.Is(err, transfer.ErrExpired) || status.Code(err) != codes.FailedPrecondition || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
	if o.requests.Load() != 2 {
		t.Errorf("%d requests, want 2: the source has no other link", o.requests.Load())
	}
}

// A link is signed again before its end, if it is known, and used whatever its end is if
// there is no other.
func TestEndOfALink(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"long over": -time.Hour, "near": time.Second, "far": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &object{content: "hello", etag: `"e"`}
			l := transfer.Link{URL: link.URL, Expires: time.Now().Add(after)}
			if _, err := from(o).Download(t.Context(), l, &bytes.Buffer{}); err != nil || o.requests.Load() != 1 {
				t.Errorf("%d requests, %v", o.requests.Load(), err)
			}
		})
	}
}

// The host alone knows when a link ends that does not say so.
func TestLinkWithoutAnEndIsNotTakenForExpired(t *testing.T) {
	t.Parallel()
	o := &object{first: func(r *http.Request, _ int) *http.Response {
		time.Sleep(time.Hour)
		return answer(r, http.StatusForbidden, "")
	}}
	synctest.Test(t, func(t *testing.T) {
		_, err := from(o).Download(t.Context(), link, &bytes.Buffer{})
		if errors.Is(err, transfer.ErrExpired) || status.Code(err) != codes.PermissionDenied {
			t.Errorf("got %v", err)
		}
	})
}

func TestErrorOfASourceEndsTheDownload(t *testing.T) {
	t.Parallel()
	o := &object{content: "hello", etag: `"e"`}
	refused := status.Error(codes.PermissionDenied, "no")
	path := filepath.Join(t.TempDir(), "out")
	_, err := from(o).DownloadFile(t.Context(), refusing{refused}, path)
	if !errors.Is(err, refused) || status.Code(err) != codes.PermissionDenied || o.requests.Load() != 0 {
		t.Errorf("%d requests, %v", o.requests.Load(), err)
	}
	onlyIn(t, filepath.Dir(path))
}

type refusing struct{ err error }

func (s refusing) Sign(context.Context) (transfer.Link, error) { return transfer.Link{}, s.err }
