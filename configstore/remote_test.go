package configstore

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// gRPC turns an ended context into a status that errors.Is knows nothing of;
// failed gives the context's error back. A deadline that the server met is not
// the caller's and stays a status only.
func TestFailedWrapsOnlyTheCallersDeadline(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		is   bool
		code codes.Code
	}{
		{"the caller left", ended, status.Error(codes.Canceled, "context canceled"), true, codes.Canceled},
		{"the caller left, another code", ended, status.Error(codes.Unavailable, "transport closing"), true, codes.Canceled},
		{"the server left", t.Context(), status.Error(codes.Canceled, "shutting down"), false, codes.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := failed(c.ctx, "/svc/Method", c.err)
			if errors.Is(err, context.Canceled) != c.is || !errors.Is(err, c.err) || status.Code(err) != c.code {
				t.Errorf("got %v", err)
			}
		})
	}
}
