package interceptors_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// script is a stream that plays given events, and fails the test when its caller
// breaks a rule of gRPC.
type script struct {
	grpc.ClientStream
	ctx     context.Context
	opened  error   // instead of a stream
	sends   []error // of SendMsg, then nil
	end     error   // of RecvMsg
	headers metadata.MD

	onHeader func() // before Header returns

	sent      []any
	closed    bool
	receiving atomic.Int32
	ended     atomic.Bool
	misused   atomic.Bool
}

func (s *script) SendMsg(m any) error {
	s.sent = append(s.sent, m)
	if n := len(s.sent); n <= len(s.sends) {
		return s.sends[n-1]
	}
	return nil
}

func (s *script) CloseSend() error { s.closed = true; return nil }
func (s *script) Header() (metadata.MD, error) {
	if s.onHeader != nil {
		s.onHeader()
	}
	return s.headers, nil
}

func (s *script) RecvMsg(any) error {
	if s.receiving.Add(1) > 1 || s.ended.Swap(true) {
		s.misused.Store(true)
	}
	defer s.receiving.Add(-1)
	for range 10 {
		runtime.Gosched() // lets other goroutines run
	}
	return s.end
}

// play opens a stream whose attempts follow the scripts.
func play(t *testing.T, src interceptors.Source, desc grpc.StreamDesc, scripts ...*script) (grpc.ClientStream, error) {
	t.Helper()
	next := 0
	t.Cleanup(func() {
		for i, s := range scripts {
			if s.misused.Load() {
				t.Errorf("attempt %d was received from by two at once, or after its end", i)
			}
		}
	})
	return interceptors.StreamClientAuth(src)(t.Context(), &desc, nil, method,
		func(ctx context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
			s := scripts[next]
			next++
			s.ctx = ctx
			if s.opened != nil {
				return nil, s.opened
			}
			return s, nil
		})
}

func tokenOf(s *script) string {
	md, _ := metadata.FromOutgoingContext(s.ctx)
	return strings.Join(md["authorization"], ", ")
}

// The one request of a server stream is kept whatever its size, and is not copied.
func TestServerStreamRequestIsKeptByReference(t *testing.T) {
	t.Parallel()
	first, second := &script{end: errRejected}, &script{end: io.EOF}
	s, err := play(t, newSource(), grpc.StreamDesc{ServerStreams: true}, first, second)
	if err != nil {
		t.Fatal(err)
	}
	req := &testpb.StreamingOutputCallRequest{Payload: body(strings.Repeat("x", 1<<20))}
	if err := errors.Join(s.SendMsg(req), s.CloseSend()); err != nil {
		t.Fatal(err)
	}

	err = s.RecvMsg(nil)

	if !errors.Is(err, io.EOF) || !slices.Equal(second.sent, []any{req}) || !second.closed {
		t.Errorf("%v: sent %d messages again, closed %t", err, len(second.sent), second.closed)
	}
	if a, b := tokenOf(first), tokenOf(second); a != "Bearer token-0" || b != "Bearer token-1" {
		t.Errorf("attempts carried %q and %q", a, b)
	}
}

// Messages of codecs other than protobuf's are kept as they are.
func TestMessagesOfOtherCodecsAreKeptByReference(t *testing.T) {
	t.Parallel()
	first, second := &script{end: errRejected}, &script{end: io.EOF}
	s, err := play(t, newSource(), grpc.StreamDesc{ClientStreams: true}, first, second)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.SendMsg("a"), s.SendMsg("b")); err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(nil); !errors.Is(err, io.EOF) || !slices.Equal(second.sent, []any{"a", "b"}) || second.closed {
		t.Errorf("%v: sent %v again, closed %t", err, second.sent, second.closed)
	}
}

// A stream can be rejected while it opens; the context of the attempt that
// failed is not used again, because other code may still hold it.
func TestStreamRejectedWhileOpeningIsOpenedAgain(t *testing.T) {
	t.Parallel()
	first, second := &script{opened: errRejected}, &script{end: io.EOF}
	if _, err := play(t, newSource(), grpc.StreamDesc{ServerStreams: true}, first, second); err != nil {
		t.Fatal(err)
	}
	if a, b := tokenOf(first), tokenOf(second); a != "Bearer token-0" || b != "Bearer token-1" {
		t.Errorf("attempts carried %q and %q", a, b)
	}

	if _, err := play(t, newSource(), grpc.StreamDesc{}, first, first); !errors.Is(err, errRejected) {
		t.Errorf("rejected twice: %v", err)
	}
	down := status.Error(codes.Unavailable, "down")
	if _, err := play(t, newSource(), grpc.StreamDesc{}, &script{opened: down}); !errors.Is(err, down) {
		t.Errorf("down: %v", err)
	}
}

// RecvMsg returns the error again at every call.
func TestErrorOfOpeningTheSecondAttemptIsTheStreams(t *testing.T) {
	t.Parallel()
	canceled := status.Error(codes.Canceled, "context canceled")
	first := &script{end: errRejected, sends: []error{io.EOF, io.EOF}}
	s, err := play(t, newSource(), grpc.StreamDesc{ClientStreams: true}, first, &script{opened: canceled})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendMsg("before"); err != nil {
		t.Errorf("the sender learnt %v before the receiver", err)
	}
	for range 2 {
		if err := s.RecvMsg(nil); !errors.Is(err, canceled) {
			t.Errorf("got %v", err)
		}
	}
	if err := s.SendMsg("after"); !errors.Is(err, io.EOF) {
		t.Errorf("a send after the end gave %v", err)
	}
}

// A message that gRPC cannot send at all ends the stream. Made again without it,
// the stream could seem to have succeeded.
func TestMessageThatCannotBeSentEndsTheStream(t *testing.T) {
	t.Parallel()
	tooBig := status.Error(codes.ResourceExhausted, "message larger than max")
	src, only := newSource(), &script{sends: []error{nil, tooBig}, end: errRejected}
	s, err := play(t, src, grpc.StreamDesc{ClientStreams: true}, only)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendMsg("a"); err != nil {
		t.Fatal(err)
	}
	if err := s.SendMsg("b"); !errors.Is(err, tooBig) {
		t.Errorf("got %v", err)
	}
	for range 2 {
		if err := s.RecvMsg(nil); !errors.Is(err, errRejected) {
			t.Errorf("got %v", err)
		}
	}
	if refreshes, _ := src.counts(); refreshes != 0 {
		t.Errorf("%d refreshes", refreshes)
	}
}

// Replaying returns no error when the new attempt ends; RecvMsg returns the status.
func TestReplayStopsWhenTheNewAttemptEnds(t *testing.T) {
	t.Parallel()
	gone := status.Error(codes.NotFound, "gone")
	second := &script{sends: []error{io.EOF}, end: gone}
	s, err := play(t, newSource(), grpc.StreamDesc{ClientStreams: true}, &script{end: errRejected}, second)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.SendMsg("a"), s.SendMsg("b"), s.CloseSend()); err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(nil); !errors.Is(err, gone) || len(second.sent) != 1 || second.closed {
		t.Errorf("%v: sent %v, closed %t", err, second.sent, second.closed)
	}
}

// Receivers that meet at the end of an attempt agree on one replay, and no
// stream is received from twice.
func TestHeaderAndRecvMsgShareOneReplay(t *testing.T) {
	t.Parallel()
	for range 100 {
		src := newSource()
		first, second := &script{end: errRejected}, &script{end: io.EOF, headers: metadata.MD{"k": {"v"}}}
		s, err := play(t, src, grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, first, second)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if md, err := s.Header(); err != nil || md["k"] == nil {
				t.Errorf("Header() = %v, %v", md, err)
			}
		})
		wg.Go(func() {
			if err := s.RecvMsg(nil); !errors.Is(err, io.EOF) {
				t.Errorf("RecvMsg gave %v", err)
			}
		})
		wg.Wait()
		if refreshes, minted := src.counts(); refreshes != 1 || minted != 1 {
			t.Fatalf("%d refreshes, %d tokens", refreshes, minted)
		}
	}
}

// Headers that come so late that the stream has been made again are not those
// of the stream.
func TestHeaderOfAReplacedAttemptIsNotReturned(t *testing.T) {
	t.Parallel()
	asked, replaced := make(chan struct{}), make(chan struct{})
	first := &script{end: errRejected, headers: metadata.MD{"attempt": {"1"}}, onHeader: func() { close(asked); <-replaced }}
	second := &script{end: io.EOF, headers: metadata.MD{"attempt": {"2"}}}
	s, err := play(t, newSource(), grpc.StreamDesc{ServerStreams: true}, first, second)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if md, err := s.Header(); err != nil || !slices.Equal(md["attempt"], []string{"2"}) {
			t.Errorf("Header() = %v, %v", md, err)
		}
	})
	<-asked
	if err := s.RecvMsg(nil); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	close(replaced)
	wg.Wait()
}

// headerless is a stream that is not quite gRPC's: it has messages, but no headers.
type headerless struct {
	grpc.ClientStream
	received int
}

func (*headerless) Header() (metadata.MD, error) { return nil, nil } //nolint:nilnil // as gRPC says it
func (s *headerless) RecvMsg(any) error          { s.received++; return nil }

// Header must not consume a message; if it has, RecvMsg returns an error.
func TestHeaderDoesNotTakeMessages(t *testing.T) {
	t.Parallel()
	for _, receivedBefore := range []bool{true, false} {
		inner := &headerless{}
		s, err := interceptors.StreamClientAuth(newSource())(t.Context(), &grpc.StreamDesc{ServerStreams: true}, nil, method,
			func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
				return inner, nil
			})
		if err != nil {
			t.Fatal(err)
		}
		if receivedBefore {
			if err := s.RecvMsg(nil); err != nil {
				t.Fatal(err)
			}
		}
		if md, err := s.Header(); md != nil || err != nil {
			t.Errorf("Header() = %v, %v", md, err)
		}
		if err := s.RecvMsg(nil); (err == nil) != receivedBefore || receivedBefore && inner.received != 2 {
			t.Errorf("received %d, then %v", inner.received, err)
		}
	}
}

func TestSourceWithoutAReplacementIsAskedOnce(t *testing.T) {
	t.Parallel()
	s, err := play(t, unhelpful{now: &auth.Credentials{AccessToken: "t"}}, grpc.StreamDesc{ServerStreams: true}, &script{end: errRejected})
	if err != nil {
		t.Fatal(err)
	}
	if md, err := s.Header(); md != nil || err != nil {
		t.Errorf("Header() = %v, %v", md, err)
	}
	if err := s.RecvMsg(nil); !errors.Is(err, errRejected) {
		t.Errorf("got %v", err)
	}
}
