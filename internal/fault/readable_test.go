package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

// A megabyte, or a command to the terminal, does not reach the person who reads the error.
func TestAStatusIsReadable(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]string{
		"a megabyte":      strings.Repeat("x", 1<<20) + "the reason",
		"escape sequence": "\x1b]0;title\athe reason",
		"turned around":   "\u202e the reason",
	} {
		st, err := status.New(codes.Internal, message).WithDetails(&errdetails.RequestInfo{RequestId: "7"})
		if err != nil {
			t.Fatal(err)
		}
		was := st.Err()
		got := fault.Readable(fmt.Errorf("call: %w", was))
		told := status.Convert(got)
		if told.Code() != codes.Internal || len(told.Details()) != 1 || !errors.Is(got, was) {
			t.Errorf("%s: %v with %v", name, told.Code(), told.Details())
		}
		for _, text := range []string{got.Error(), fmt.Sprintf("%+v", got), told.Message(), told.Err().Error()} {
			if !strings.HasSuffix(text, "the reason") || strings.ContainsAny(text, "\x1b\a\u202e") || utf8.RuneCountInString(text) > fault.MaxMessage+100 {
				t.Errorf("%s: %.200q", name, text)
			}
		}
	}
}

func TestAReadableErrorStaysAsItIs(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		nil, errors.New("\x1b no status"), status.Error(codes.NotFound, "not found:\n\ta\n\tb"), status.Error(codes.Unknown, strings.Repeat("x", 2000)),
	} {
		if got := fault.Readable(err); got != err { //nolint:errorlint // the very error
			t.Errorf("%v became %v", err, got)
		}
	}
}
