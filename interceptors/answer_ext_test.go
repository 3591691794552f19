package interceptors_test

import (
	"encoding/base64"
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

// Neither in another form than it was sent in.
func TestNoAnswerRepeatsATokenInDisguise(t *testing.T) {
	t.Parallel()
	const token = "token-0" // that of a new source
	for name, said := range map[string]string{
		"upper case": "TOKEN-0", "line break": "tok\r\nen-0", "zero width": "tok\u200ben-0", "turned around": "tok\u202een-0",
		"percent": "%74oken%2D0", "base64": base64.StdEncoding.EncodeToString([]byte(token)),
	} {
		src, srv := newSource(), &server{answers: []error{status.Error(codes.InvalidArgument, "what is "+said+" to me?")}}

		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

		if got := status.Convert(err).Message(); got != "what is [token] to me?" || strings.Contains(fmt.Sprintf("%+v", err), said) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A server's message is bounded, keeps its end, and controls no terminal, with credentials
// and without.
func TestAnAnswerIsSafeToPrint(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]interceptors.Option{"request id": interceptors.WithRequestID(), "none": interceptors.WithLogger(nil)} {
		long := status.Error(codes.Internal, strings.Repeat("x", 1<<20)+"\x1b[31m\u202ethe reason")
		src, srv := newSource(), &server{answers: []error{long}}

		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src, opt))

		for _, text := range []string{err.Error(), status.Convert(err).Message()} {
			if len(text) > 5000 || !strings.HasSuffix(text, "the reason") || strings.ContainsAny(text, "\x1b\u202e") {
				t.Errorf("%s: %d bytes: %.100q", name, len(text), text)
			}
		}
		if status.Code(err) != codes.Internal {
			t.Errorf("%s: %v", name, status.Code(err))
		}
	}
	rejected := status.Error(codes.Unauthenticated, strings.Repeat("x", 1<<20)+"\a the reason")
	src, srv := newSource(), &server{answers: []error{rejected}}
	src.refreshErr = errors.New("no")
	err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))
	if text := err.Error(); len(text) > 600 || !strings.Contains(text, "the reason") || strings.Contains(text, "\a") {
		t.Errorf("%d bytes: %.700q", len(text), text)
	}
}
