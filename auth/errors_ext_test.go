package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

func TestErrorReadsAsItsCauseAndAsAStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cause error
		want  codes.Code
	}{
		{auth.ErrNoCredentials, codes.Unauthenticated},
		{auth.ErrRejected, codes.Unauthenticated},
		{auth.ErrDeclined, codes.Unauthenticated},
		{auth.ErrInteractionRequired, codes.Unauthenticated},
		{fmt.Errorf("token endpoint: %w", auth.ErrRejected), codes.Unauthenticated},
		{context.Canceled, codes.Canceled},
		{context.DeadlineExceeded, codes.DeadlineExceeded},
		{configstore.ErrNoLogin, codes.Unauthenticated},
		{auth.ErrClosed, codes.Canceled},
		{errors.New("connection refused"), codes.Unavailable},
	} {
		err := fmt.Errorf("call: %w", &auth.Error{Op: "renew", Endpoint: "flyte.example", Err: c.cause})
		var e *auth.Error
		if !errors.As(err, &e) || e.Op != "renew" || !errors.Is(err, c.cause) {
			t.Errorf("%v: the cause is lost", err)
		}
		if s, ok := status.FromError(err); !ok || s.Code() != c.want {
			t.Errorf("%v: code %v, want %v", err, s.Code(), c.want)
		}
	}
	if got := auth.Code(nil); got != codes.OK {
		t.Errorf("no error has the code %v", got)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*auth.Error{
		"auth: renew for flyte.example: credentials rejected": {Op: "renew", Endpoint: "flyte.example", Err: auth.ErrRejected},
		"auth: store: disk full":                              {Op: "store", Err: errors.New("disk full")},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if s := e.GRPCStatus().Message(); s != want {
			t.Errorf("the status says %q, want %q", s, want)
		}
	}
}
