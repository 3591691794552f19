package transfer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/transfer"
)

// What a host says beside its status is not worth waiting for, not even without a deadline.
func TestAnswerWhoseBodyNeverEndsDoesNotHoldUpACall(t *testing.T) {
	t.Parallel()
	host := func(status int) tripper {
		return func(r *http.Request) (*http.Response, error) {
			res := answer(r, status, "")
			res.ContentLength, res.Body = 10, silent{r.Context()}
			return res, nil
		}
	}
	for name, tc := range map[string]struct {
		status int
		call   func(ctx context.Context, c *transfer.Client) error
		want   int // of a StatusError
	}{
		"a download that is refused": {http.StatusForbidden, func(ctx context.Context, c *transfer.Client) error {
			_, err := c.Download(ctx, link, io.Discard)
			return err
		}, http.StatusForbidden},
		"an upload that is refused": {http.StatusForbidden, func(ctx context.Context, c *transfer.Client) error {
			_, err := c.Upload(ctx, demo, strings.NewReader("hello"))
			return err
		}, http.StatusForbidden},
		"an upload that is taken": {http.StatusOK, func(ctx context.Context, c *transfer.Client) error {
			_, err := c.Upload(ctx, demo, strings.NewReader("hello"))
			return err
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := transfer.New(&stub{host: "https://store.example.com"}, transfer.WithHTTPClient(&http.Client{Transport: host(tc.status)}))
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				err := tc.call(ctx, c)
				if took := time.Since(start); took > 2*time.Minute {
					t.Errorf("it took %v", took)
				}
				refused, ok := errors.AsType[*transfer.StatusError](err)
				if ok != (tc.want != 0) || ok && refused.Status != tc.want || !ok && err != nil {
					t.Errorf("got %v, want status %d", err, tc.want)
				}
			})
		})
	}
}
