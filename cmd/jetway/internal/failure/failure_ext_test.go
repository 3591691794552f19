package failure_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// Scripts decide by these numbers: none may ever change.
func TestEveryClassOfErrorsHasItsExitCode(t *testing.T) {
	t.Parallel()
	of := func(c codes.Code) error { return fmt.Errorf("call: %w", status.Error(c, "why")) }
	for _, tt := range []struct {
		err  error
		exit int
		hint string
	}{
		{nil, 0, ""},
		{errors.New("anything"), 1, ""},
		{of(codes.Internal), 1, ""},
		{of(codes.Unimplemented), 1, ""},
		{failure.Usage("want %s", "this"), 2, ""},
		{of(codes.InvalidArgument), 2, ""},
		{of(codes.FailedPrecondition), 3, ""},
		{failure.Exit(failure.Config, errors.New("file"), "mend it"), 3, "mend it"},
		{of(codes.Unauthenticated), 4, "jetway login"},
		{fmt.Errorf("x: %w", auth.ErrInteractionRequired), 4, "jetway login"},
		{fmt.Errorf("x: %w", auth.ErrRejected), 4, "jetway login"},
		{of(codes.PermissionDenied), 5, "jetway whoami"},
		{of(codes.NotFound), 6, ""},
		{of(codes.AlreadyExists), 7, ""},
		{of(codes.Aborted), 7, ""},
		{of(codes.DeadlineExceeded), 8, "--timeout"},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), 8, "--timeout"},
		{of(codes.Unavailable), 9, "jetway doctor"},
		{of(codes.ResourceExhausted), 9, "jetway doctor"},
		{&url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, 9, "jetway doctor"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, 9, "jetway doctor"},
		{fmt.Errorf("x: %w", &net.DNSError{Err: "no such host"}), 9, "jetway doctor"},
		{&net.OpError{Op: "listen", Err: syscall.EADDRINUSE}, 1, ""},
		{fmt.Errorf("x: %w", clientset.ErrNoGRPC), 1, "jetway http"},
		{of(codes.Canceled), 130, ""},
		{fmt.Errorf("x: %w", context.Canceled), 130, ""},
		{failure.Hint(of(codes.NotFound), "look there"), 6, "look there"},
		{fmt.Errorf("wrapped: %w", failure.Hint(of(codes.NotFound), "look there")), 6, "look there"},
	} {
		got := failure.Of(tt.err)
		if got.Exit != tt.exit || !strings.Contains(got.Hint, tt.hint) || (tt.hint == "") != (got.Hint == "") {
			t.Errorf("%v: exit code %d, hint %q; want %d, %q", tt.err, got.Exit, got.Hint, tt.exit, tt.hint)
		}
	}
}

func TestAHintCannotControlTheTerminal(t *testing.T) {
	t.Parallel()
	if got := failure.Of(failure.Hint(errors.New("x"), "read a\x1b[2Jb\u202e")); strings.ContainsAny(got.Hint, "\x1b\u202e") {
		t.Errorf("%q", got.Hint)
	}
}

func TestNoErrorStaysNone(t *testing.T) {
	t.Parallel()
	if failure.Exit(failure.Config, nil, "hint") != nil || failure.Hint(nil, "hint") != nil {
		t.Error("a hint made an error of none")
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	notFound := failure.Of(failure.Hint(status.Error(codes.NotFound, "no run"), "list them"))
	for _, tt := range []struct {
		f      failure.Failure
		asJSON bool
		want   string
	}{
		{notFound, false, "error: NotFound: no run\nhint: list them\n"},
		{notFound, true, `{"error":{"code":6,"grpc_code":"NotFound","message":"NotFound: no run","hint":"list them"}}` + "\n"},
		{failure.Of(context.Canceled), false, ""},
	} {
		var out strings.Builder
		tt.f.Print(&stdio.Streams{Err: &out}, tt.asJSON)
		if out.String() != tt.want {
			t.Errorf("printed %q, want %q", out.String(), tt.want)
		}
	}
}

func TestAServersTextCannotControlTheTerminal(t *testing.T) {
	t.Parallel()
	f := failure.Of(status.Error(codes.NotFound, "a\x1b[2J\u009bb\nc"))
	if f.Message != "NotFound: a\ufffd[2J\ufffdb\nc" {
		t.Errorf("message %q", f.Message)
	}
}
