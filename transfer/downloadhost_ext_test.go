package transfer_test

import (
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
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/transfer"
)

func partOf(r *http.Request, contentRange, body string) *http.Response {
	return answer(r, http.StatusPartialContent, body, "Content-Range", contentRange, "ETag", `"e"`)
}

func TestHostThatAnswersOddly(t *testing.T) {
	t.Parallel()
	type header = []string // in pairs
	at := func(contentRange string) header { return header{"Content-Range", contentRange, "ETag", `"e"`} }
	const some = http.StatusPartialContent
	for name, tt := range map[string]struct {
		status int
		body   string
		header header
		code   codes.Code
	}{
		"another part":                       {some, "56789", at("bytes 5-9/10"), codes.Unknown},
		"no Content-Range":                   {some, "hello", at(""), codes.Unknown},
		"a range that ends before it begins": {some, "hello", at("bytes 0--5/10"), codes.Unknown},
		"the same part again":                {some, "hello", at("bytes 0-4/10"), codes.Unknown},
		"never how much there is":            {some, "0123456789", at("bytes 0-9/*"), codes.Unknown},
		"less than it says":                  {some, "hello", at("bytes 0-9/10"), codes.Unknown},
		"a page":                             {http.StatusOK, "<html>log in", header{"Content-Type", "text/html; charset=utf-8"}, codes.Unavailable},
		"no content":                         {http.StatusNoContent, "", nil, codes.Unknown},
		"no range":                           {http.StatusRequestedRangeNotSatisfiable, "", nil, codes.OutOfRange},
		"not found":                          {http.StatusNotFound, "", nil, codes.NotFound},
		"forbidden":                          {http.StatusForbidden, canary, nil, codes.PermissionDenied},
		"a redirect to nothing":              {http.StatusFound, "", header{"Location", "https://h\x7f/?X-Sig=" + canary}, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &object{content: "0123456789", etag: `"e"`, first: func(r *http.Request, _ int) *http.Response {
				return answer(r, tt.status, tt.body, tt.header...)
			}}
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "out")
				_, err := from(o).DownloadFile(t.Context(), link, path)
				failure, ok := errors.AsType[*transfer.Error](err)
				if !ok || failure.Op != "download" || status.Code(err) != tt.code {
					t.Errorf("got %v, code %v", err, status.Code(err))
				}
				for cause := err; cause != nil; cause = errors.Unwrap(cause) {
					if text := fmt.Sprintf("%v %+v", cause, cause); strings.Contains(text, canary) {
						t.Errorf("a secret is in %s", text)
					}
				}
				onlyIn(t, filepath.Dir(path))
			})
			if o.requests.Load() > 5 {
				t.Errorf("%d requests", o.requests.Load())
			}
		})
	}
}

func TestHostThatSendsLessThanItIsAskedForIsAskedForMore(t *testing.T) {
	t.Parallel()
	o := &object{content: someParts()[:part+100], etag: `"e"`}
	o.first = func(r *http.Request, _ int) *http.Response {
		var first, last int
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); err != nil {
			return nil
		}
		last = min(last, first+part/8, len(o.content)-1)
		return partOf(r, fmt.Sprintf("bytes %d-%d/%d", first, last, len(o.content)), o.content[first:last+1])
	}
	file, written, errs := both(t, from(o), link)
	if errs != [2]error{} || file != o.content || written != file {
		t.Errorf("%d and %d bytes, %v", len(file), len(written), errs)
	}
}

func TestHostThatKnowsPartsOnlyAtFirst(t *testing.T) {
	t.Parallel()
	o := &object{content: someParts(), etag: `"e"`}
	o.first = func(r *http.Request, n int) *http.Response {
		if n > 1 {
			r.Header.Del("Range")
		}
		return nil
	}
	path := filepath.Join(t.TempDir(), "out")
	got, err := from(o, transfer.WithConcurrency(2)).DownloadFile(t.Context(), link, path)
	if text, _ := os.ReadFile(path); err != nil || string(text) != o.content || got.Size != int64(len(o.content)) {
		t.Errorf("%d bytes, %+v, %v", len(text), got, err)
	}
}

// Without a length the end of a connection looks like that of the content.
func TestContentWithoutAnEndIsTakenOnlyWithAChecksum(t *testing.T) {
	t.Parallel()
	sum := md5.Sum([]byte("hello"))
	for name, tt := range map[string]struct {
		body   string
		change func(*http.Response)
		want   error
		fine   bool
	}{
		"chunks":            {"hello", func(r *http.Response) { r.TransferEncoding = []string{"chunked"} }, nil, true},
		"HTTP/2":            {"hello", func(r *http.Response) { r.ProtoMajor = 2 }, nil, true},
		"nothing":           {"hello", func(*http.Response) {}, nil, false},
		"checksum":          {"hello", func(r *http.Response) { r.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:])) }, nil, true},
		"checksum, cut off": {"hell", func(r *http.Response) { r.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:])) }, transfer.ErrChecksum, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &object{first: func(r *http.Request, _ int) *http.Response {
				res := answer(r, http.StatusOK, tt.body)
				res.ContentLength, res.ProtoMajor = -1, 1
				tt.change(res)
				return res
			}}
			file, written, errs := both(t, from(o), link)
			for _, err := range errs {
				if (err == nil) != tt.fine || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("got %v", err)
				}
			}
			if tt.fine != (file == "hello") || tt.fine && written != file {
				t.Errorf("%q and %q", file, written)
			}
		})
	}
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
		header   map[string]string
		verified string
		wrong    bool
	}{
		"Amazon, of the backend":      {map[string]string{"x-amz-meta-flytecontentmd5": good}, "MD5", false},
		"Google, of the backend":      {map[string]string{"x-goog-meta-flytecontentmd5": good}, "MD5", false},
		"Azure, of the backend":       {map[string]string{"x-ms-meta-flytecontentmd5": good}, "MD5", false},
		"Azure":                       {map[string]string{"x-ms-blob-content-md5": good}, "MD5", false},
		"Google":                      {map[string]string{"x-goog-hash": "crc32c=" + crc("hello") + ", md5=" + good}, "CRC32C", false},
		"wrong MD5":                   {map[string]string{"x-amz-meta-flytecontentmd5": other}, "", true},
		"wrong CRC32C":                {map[string]string{"x-goog-hash": "crc32c=" + crc("hallo")}, "", true},
		"no base64":                   {map[string]string{"x-amz-meta-flytecontentmd5": "?"}, "", false},
		"an ETag is no checksum":      {map[string]string{"ETag": `"5d41402abc4b2a76b9719d911017c592"`}, "", false},
		"of a part":                   {map[string]string{"x-amz-checksum-crc32c": crc("hallo"), "Content-MD5": other}, "", false},
		"of encoded content":          {map[string]string{"Content-Encoding": "gzip", "x-goog-hash": "md5=" + other}, "", false},
		"of content as it was stored": {map[string]string{"X-Goog-Stored-Content-Encoding": "gzip", "x-goog-hash": "md5=" + other}, "", false},
		"of content stored as it is":  {map[string]string{"X-Goog-Stored-Content-Encoding": "identity", "x-goog-hash": "md5=" + other}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &object{content: "hello", etag: `"e"`, header: tt.header}
			path := write(t, filepath.Join(t.TempDir(), "out"), "before")
			got, err := from(o).DownloadFile(t.Context(), link, path)
			text, _ := os.ReadFile(path)
			if tt.wrong {
				if !errors.Is(err, transfer.ErrChecksum) || status.Code(err) != codes.DataLoss || string(text) != "before" {
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

func TestHostThatStopsSendingIsAskedAgain(t *testing.T) {
	t.Parallel()
	o := &object{content: "0123456789", etag: `"e"`}
	o.first = func(r *http.Request, n int) *http.Response {
		if n > 1 {
			return nil
		}
		res := answer(r, http.StatusOK, "", "ETag", `"e"`)
		res.ContentLength, res.Body = 10, silent{r.Context()}
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

func TestHostThatNeverSendsAnythingIsUnavailable(t *testing.T) {
	t.Parallel()
	o := &object{first: func(r *http.Request, _ int) *http.Response {
		res := answer(r, http.StatusOK, "", "ETag", `"e"`)
		res.ContentLength, res.Body = 10, silent{r.Context()}
		return res
	}}
	synctest.Test(t, func(t *testing.T) {
		_, err := from(o).Download(t.Context(), link, io.Discard)
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "nor sent anything for 1m0s") {
			t.Errorf("got %v", err)
		}
	})
}

// silent is a body that never comes.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (silent) Close() error               { return nil }

func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	o := &object{content: "hello", etag: `"e"`, first: func(r *http.Request, n int) *http.Response {
		if n < 3 {
			return answer(r, http.StatusServiceUnavailable, "", "Retry-After", strconv.Itoa(20))
		}
		return nil
	}}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := from(o).DownloadFile(t.Context(), link, filepath.Join(t.TempDir(), "out"))
		if took := time.Since(start); err != nil || took < 40*time.Second || took > 50*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}
