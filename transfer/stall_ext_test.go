package transfer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/transfer"
)

// stopping takes most bytes of what is sent, and does nothing more.
func stopping(most int64) tripper {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.CopyN(io.Discard, r.Body, most)
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
}

// A program that sets no deadline must get an error from a host that does nothing more,
// whichever client it has given.
func TestHostThatStopsTakingOrNeverAnswersEndsTheCall(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	calls := map[string]func(ctx context.Context, c *transfer.Client, path string) error{
		"a file": func(ctx context.Context, c *transfer.Client, path string) error {
			_, err := c.UploadFile(ctx, demo, path)
			return err
		},
		"a reader": func(ctx context.Context, c *transfer.Client, _ string) error {
			_, err := c.Upload(ctx, demo, strings.NewReader(pattern(size)))
			return err
		},
		"a tree": func(ctx context.Context, c *transfer.Client, path string) error {
			_, err := c.UploadDir(ctx, demo, filepath.Dir(path))
			return err
		},
		"a download": func(ctx context.Context, c *transfer.Client, _ string) error {
			_, err := c.Download(ctx, link, io.Discard)
			return err
		},
		"a download to a file": func(ctx context.Context, c *transfer.Client, path string) error {
			_, err := c.DownloadFile(ctx, link, path+".new")
			return err
		},
	}
	for name, call := range calls {
		for when, most := range map[string]int64{"at once": 0, "half-way": size / 2, "before it answers": size} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				path := write(t, filepath.Join(t.TempDir(), "a"), pattern(size))
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // where the rule does not hold
					defer cancel()
					begun := time.Now()
					c := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(&http.Client{Transport: stopping(most)}))
					err := call(ctx, c, path)
					if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "for 1m0s") {
						t.Errorf("after %v: %v", time.Since(begun), err)
					}
					if took := time.Since(begun); took < 5*time.Minute || took > 6*time.Minute {
						t.Errorf("five attempts of a minute took %v", took)
					}
				})
			})
		}
	}
}

// What counts is that the transfer goes on, not how long it takes.
func TestSlowHostIsWaitedForAsLongAsItGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			for range 60 {
				time.Sleep(50 * time.Second)
				if err := r.Context().Err(); err != nil {
					return nil, err
				}
				if _, err := io.CopyN(io.Discard, r.Body, 1); err != nil {
					return nil, err
				}
			}
			time.Sleep(50 * time.Second)
			return answer(r, http.StatusOK, ""), r.Context().Err()
		})}
		c := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc), transfer.WithAttempts(1))
		if _, err := c.Upload(t.Context(), demo, strings.NewReader(pattern(60))); err != nil {
			t.Errorf("a reader: %v", err)
		}
		path := write(t, filepath.Join(t.TempDir(), "a"), pattern(60))
		if _, err := c.UploadFile(t.Context(), demo, path); err != nil {
			t.Errorf("a file: %v", err)
		}
	})
}

// slow is a source of its own that takes long for each read after the first pass.
type slow struct {
	*strings.Reader

	pause time.Duration
}

func (s slow) ReadAt(p []byte, at int64) (int, error) {
	time.Sleep(s.pause)
	return s.Reader.ReadAt(p, at)
}

func TestSlowReaderIsNotTakenForASilentHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
			return answer(r, http.StatusOK, ""), r.Context().Err()
		})}
		c := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc), transfer.WithAttempts(1))
		if _, err := c.Upload(t.Context(), demo, slow{strings.NewReader(pattern(100_000)), 5 * time.Minute}); err != nil {
			t.Error(err)
		}
	})
}

func TestStallLimitIsTheCallers(t *testing.T) {
	t.Parallel()
	call := func(limit, answers time.Duration) (time.Duration, error) {
		begun := time.Now()
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(answers):
				return answer(r, http.StatusOK, "", "ETag", `"e"`), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})}
		c := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc),
			transfer.WithAttempts(1), transfer.WithStallLimit(limit))
		_, up := c.Upload(context.Background(), demo, strings.NewReader("x"))
		_, down := c.Download(context.Background(), link, io.Discard)
		return time.Since(begun), errors.Join(up, down)
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := call(time.Hour, 50*time.Minute); err != nil {
			t.Errorf("an hour: %v", err)
		}
		if _, err := call(0, 24*time.Hour); err != nil {
			t.Errorf("no limit: %v", err)
		}
		if took, err := call(10*time.Second, time.Minute); err == nil || took > 25*time.Second {
			t.Errorf("ten seconds: %v after %v", err, took)
		}
	})
}
