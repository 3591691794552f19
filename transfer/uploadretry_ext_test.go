package transfer_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/transfer"
)

const expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"

// One answer after the other, and what follows from them. All have the rule that content is
// sent as a whole, or the error says why not.
func TestReactionsToTheAnswersOfAStorageHost(t *testing.T) {
	t.Parallel()
	type step func(r *http.Request) (*http.Response, error)
	says := func(status int, body string, header ...string) step {
		return func(r *http.Request) (*http.Response, error) { return answer(r, status, body, header...), nil }
	}
	breaks := func(err error) step {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	ok := says(http.StatusOK, "", "ETag", `"x"`)
	busy := says(http.StatusServiceUnavailable, "")
	for name, tc := range map[string]struct {
		steps    []step
		lifetime time.Duration
		signed   int           // URLs
		least    time.Duration // that it takes
		most     time.Duration
		is       error
		code     codes.Code
	}{
		"200":                     {steps: []step{ok}, signed: 1},
		"201":                     {steps: []step{says(201, "")}, signed: 1},
		"204":                     {steps: []step{says(204, "")}, signed: 1},
		"408":                     {steps: []step{says(408, ""), ok}, signed: 1, least: 250 * time.Millisecond, most: 500 * time.Millisecond},
		"429 and 5xx":             {steps: []step{says(429, ""), says(500, ""), says(502, ""), says(504, ""), ok}, signed: 1, least: 3750 * time.Millisecond, most: 7500 * time.Millisecond},
		"reset":                   {steps: []step{breaks(syscall.ECONNRESET), breaks(io.ErrUnexpectedEOF), ok}, signed: 1, least: 750 * time.Millisecond, most: 1500 * time.Millisecond},
		"busy for 7 s":            {steps: []step{says(503, "", "Retry-After", "7"), ok}, signed: 1, least: 7 * time.Second, most: 8 * time.Second},
		"busy for an hour":        {steps: []step{says(503, "", "Retry-After", "3600")}, signed: 1, code: codes.Unavailable},
		"busy without an end":     {steps: []step{busy, busy, busy, busy, busy}, signed: 1, least: 3750 * time.Millisecond, most: 7500 * time.Millisecond, code: codes.Unavailable},
		"expired":                 {steps: []step{says(403, expired), ok}, signed: 2},
		"expired again and again": {steps: []step{says(403, expired), says(403, expired), says(403, expired), says(403, expired), says(403, expired)}, signed: 5, least: time.Second, most: 8 * time.Second, is: transfer.ErrExpired, code: codes.FailedPrecondition},
		"403":                     {steps: []step{says(403, "")}, signed: 1, code: codes.PermissionDenied},
		"expires while waiting":   {steps: []step{says(503, "", "Retry-After", "50"), ok}, lifetime: time.Minute, signed: 2, least: 50 * time.Second, most: 55 * time.Second},
		"404":                     {steps: []step{says(404, "")}, signed: 1, code: codes.NotFound},
		"413":                     {steps: []step{says(413, "")}, signed: 1, code: codes.ResourceExhausted},
		"redirect":                {steps: []step{says(307, "", "Location", "http://elsewhere.invalid/")}, signed: 1, code: codes.Unknown},
		"damaged":                 {steps: []step{says(400, "<Error><Code>BadDigest</Code></Error>")}, signed: 1, is: transfer.ErrChecksum, code: codes.DataLoss},
		"page":                    {steps: []step{says(200, "<html>log in", "Content-Type", "text/html")}, signed: 1, code: codes.Unavailable},
		"Google's answer":         {steps: []step{says(200, "", "Content-Type", "text/html", "ETag", `"x"`)}, signed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dp := &stub{host: "https://s.example.com", lifetime: tc.lifetime}
				n := 0
				hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
					if n >= len(tc.steps) {
						t.Fatal("there was another request")
					}
					n++
					if got, err := io.ReadAll(r.Body); string(got) != "content" || err != nil || r.ContentLength != 7 {
						t.Errorf("request %d has %q, %v, length %d", n, got, err, r.ContentLength)
					}
					return tc.steps[n-1](r)
				})}
				begun := time.Now()
				got, err := transfer.New(dp, transfer.WithHTTPClient(hc)).Upload(t.Context(), demo, strings.NewReader("content"))
				if took := time.Since(begun); took < tc.least || took > tc.most || n != len(tc.steps) || dp.signed() != tc.signed {
					t.Errorf("%d requests, %d URLs, in %v; want %d, %d, in %v to %v", n, dp.signed(), took, len(tc.steps), tc.signed, tc.least, tc.most)
				}
				if status.Code(err) != tc.code || tc.is != nil && !errors.Is(err, tc.is) {
					t.Errorf("error %v, want code %v and %v", err, tc.code, tc.is)
				}
				if err == nil && (got.NativeURL != "s3://b/r/dir/a.bin" || got.MD5 != md5.Sum([]byte("content")) || got.Size != 7) {
					t.Errorf("%+v", got)
				}
				if err != nil && (strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "dir/a.bin")) {
					t.Error(err)
				}
			})
		})
	}
}

func TestReactionsToTheBackendThatSigns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) { return answer(r, 200, ""), nil })}
		dp := &stub{host: "https://s.example.com", fail: func(n int) error {
			if n < 3 {
				return status.Error(codes.Unavailable, "restarting")
			}
			return nil
		}}
		if _, err := transfer.New(dp, transfer.WithHTTPClient(hc)).Upload(t.Context(), demo, strings.NewReader("x")); err != nil || dp.signed() != 3 {
			t.Errorf("unavailable twice: %v after %d", err, dp.signed())
		}
		dp = &stub{fail: func(int) error { return status.Error(codes.NotFound, "no such project") }}
		_, err := transfer.New(dp).Upload(t.Context(), demo, strings.NewReader("x"))
		if status.Code(err) != codes.NotFound || dp.signed() != 1 || !strings.Contains(err.Error(), "no such project") {
			t.Errorf("not found: %v after %d", err, dp.signed())
		}
		dp = &stub{host: "file:///"}
		if _, err := transfer.New(dp).Upload(t.Context(), demo, strings.NewReader("x")); err == nil || strings.Contains(err.Error(), canary) || dp.signed() != 1 {
			t.Errorf("a URL that is none: %v after %d", err, dp.signed())
		}
	})
}

func TestWhatAnUploadSends(t *testing.T) {
	t.Parallel()
	sum := md5.Sum([]byte("content"))
	digest := base64.StdEncoding.EncodeToString(sum[:])
	for name, tc := range map[string]struct {
		native, blob string
	}{
		"s3": {"s3://b", ""}, "gs": {"gs://b", ""}, "abfs": {"abfs://c@a.dfs.core.windows.net", "BlockBlob"},
		"abfss": {"abfss://c@a", "BlockBlob"}, "wasb": {"wasb://c@a", "BlockBlob"}, "wasbs": {"wasbs://c@a", "BlockBlob"},
	} {
		dp := &stub{host: "https://s.example.com", native: tc.native, header: map[string]string{
			"x-amz-meta-flyteContentMD5": "kept", "content-length": "24", "Empty": "",
		}}
		var got *http.Request
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			got = r
			return answer(r, 200, ""), nil
		})}
		if _, err := transfer.New(dp, transfer.WithHTTPClient(hc)).Upload(t.Context(), demo, strings.NewReader("content")); err != nil {
			t.Fatal(err)
		}
		want := http.Header{"Content-Md5": {digest}, "X-Amz-Meta-Flytecontentmd5": {"kept"}}
		if tc.blob != "" {
			want["X-Ms-Blob-Type"] = []string{tc.blob}
		}
		if got.Method != http.MethodPut || got.ContentLength != 7 || len(got.Header) != len(want) {
			t.Errorf("%s: %s, length %d, %v", name, got.Method, got.ContentLength, got.Header)
		}
		for key := range want {
			if !slices.Equal(got.Header[key], want[key]) {
				t.Errorf("%s: %s is %q, want %q", name, key, got.Header[key], want[key])
			}
		}
		asked := dp.seen[0]
		if !bytes.Equal(asked.GetContentMd5(), sum[:]) || asked.GetContentLength() != 7 || !asked.GetAddContentMd5Metadata() ||
			asked.GetProject() != "demo" || asked.GetDomain() != "development" || asked.GetExpiresIn().AsDuration() > time.Hour {
			t.Errorf("%s: asked for %v", name, asked)
		}
	}
}

// A host that does not take Expect is sent large content without it.
func TestAHostThatCannotBeAskedFirstIsSentTheContent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var expects []string
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			expects = append(expects, r.Header.Get("Expect"))
			if r.Header.Get("Expect") != "" {
				return answer(r, http.StatusExpectationFailed, ""), nil
			}
			return answer(r, 200, ""), nil
		})}
		dp := &stub{host: "https://s.example.com"}
		_, err := transfer.New(dp, transfer.WithHTTPClient(hc)).Upload(t.Context(), demo, strings.NewReader(pattern(1<<20)))
		if want := []string{"100-continue", ""}; err != nil || !slices.Equal(expects, want) {
			t.Errorf("%q, %v; want %q", expects, err, want)
		}
	})
}

func TestAFileThatChangesMeanwhileIsAnError(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"longer":  func(path string) error { return appendTo(path, "more") },
		"shorter": func(path string) error { return os.Truncate(path, 3) },
		"replaced": func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("other!!"), 0o600))
		},
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
		"removed": os.Remove,
	} {
		for when, answers := range map[string]func(r *http.Request) (*http.Response, error){
			"and the host is busy": func(r *http.Request) (*http.Response, error) { return answer(r, 503, ""), nil },
			"and it was stored":    func(r *http.Request) (*http.Response, error) { return answer(r, 200, ""), nil },
		} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					path := write(t, filepath.Join(t.TempDir(), "a"), "content")
					hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
						if err := change(path); err != nil {
							t.Error(err)
						}
						return answers(r)
					})}
					_, err := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc)).UploadFile(t.Context(), demo, path)
					whole := strings.HasPrefix(when, "and it was") && (name == "replaced" || name == "removed")
					if whole { // the file that was opened is as it was
						if err != nil {
							t.Error(err)
						}
						return
					}
					if !errors.Is(err, transfer.ErrChanged) || status.Code(err) != codes.Aborted || !strings.Contains(err.Error(), path) {
						t.Errorf("%v", err)
					}
				})
			})
		}
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func TestACancelledUploadEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			return answer(r, 503, "", "Retry-After", "30"), nil
		})}
		begun := time.Now()
		_, err := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc)).Upload(ctx, demo, strings.NewReader("x"))
		if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

func TestProgressOfAnUploadEndsWithTheWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := write(t, filepath.Join(t.TempDir(), "a"), pattern(1000))
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			for range 10 {
				if _, err := io.ReadFull(r.Body, make([]byte, 100)); err != nil {
					return nil, err
				}
				time.Sleep(time.Second)
			}
			return answer(r, 200, ""), nil
		})}
		for name, upload := range map[string]func(*transfer.Client) error{
			path: func(c *transfer.Client) error {
				_, err := c.UploadFile(t.Context(), demo, path)
				return err
			},
			demo.Name: func(c *transfer.Client) error {
				_, err := c.Upload(t.Context(), demo, strings.NewReader(pattern(1000)))
				return err
			},
		} {
			var got []transfer.Progress
			c := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc),
				transfer.WithProgress(func(p transfer.Progress) { got = append(got, p) }))
			if err := upload(c); err != nil {
				t.Fatal(err)
			}
			if len(got) < 38 || len(got) > 42 {
				t.Errorf("%s: %d reports in 10 seconds", name, len(got))
			}
			for i, p := range got {
				if p.Name != name || p.Total != 1000 || i > 0 && p.Bytes < got[i-1].Bytes {
					t.Errorf("%s: report %d is %+v", name, i, p)
				}
			}
			if half, end := got[len(got)/2], got[len(got)-1]; half.Bytes < 400 || half.Bytes > 700 || end.Bytes != 1000 || end.Rate != 100 {
				t.Errorf("%s: half-way %+v, at the end %+v", name, half, end)
			}
		}
	})
}
