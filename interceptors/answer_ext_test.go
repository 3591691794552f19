package interceptors_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors"
)

// A server that quotes the rejected header must not make the caller print
// the token.
func TestNoAnswerRepeatsAToken(t *testing.T) {
	t.Parallel()
	echo := func(code codes.Code, token string) error {
		return status.Error(code, "what is Bearer "+token+" to me?")
	}
	for name, answers := range map[string][]error{
		"an error of another kind": {echo(codes.InvalidArgument, "token-0")},
		"a second rejection":       {errRejected, echo(codes.Unauthenticated, "token-1")},
	} {
		src, srv := newSource(), &server{answers: answers}

		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

		last := answers[len(answers)-1]
		if status.Code(err) != status.Code(last) || errors.Is(err, last) ||
			status.Convert(err).Message() != "what is Bearer [token] to me?" || strings.Contains(fmt.Sprintf("%+v", err), "token-") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoEndOfAStreamRepeatsAToken(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} { // before a message, and after one
		b, src := newBackend(), newSource()
		b.good = "Bearer token-0"
		b.onDuplex = func(recv func() (*testpb.StreamingOutputCallRequest, error), send func(*testpb.StreamingOutputCallResponse) error) error {
			if _, err := recv(); err != nil {
				return err
			}
			if first {
				if err := send(&testpb.StreamingOutputCallResponse{}); err != nil {
					return err
				}
			}
			return status.Error(codes.Aborted, "token-0 is no longer in fashion")
		}
		s, err := dialGated(t, b, src, interceptors.WithRequestID()).FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(echoRequest("a")); err != nil {
			t.Fatal(err)
		}
		if first {
			if _, err := s.Recv(); err != nil {
				t.Fatal(err)
			}
		}

		_, err = s.Recv()

		if status.Code(err) != codes.Aborted || status.Convert(err).Message() != "[token] is no longer in fashion" ||
			strings.Contains(fmt.Sprintf("%+v", err), "token-0") || interceptors.RequestID(err) == "" {
			t.Errorf("after a message %t: %v", first, err)
		}
	}
}
