package interceptors_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// dialGated connects to b behind grpc-go's gate, with the credentials of src.
func dialGated(t *testing.T, b *backend, src interceptors.Source, opts ...interceptors.Option) testpb.TestServiceClient {
	t.Helper()
	return testpb.NewTestServiceClient(dial(t, serveGRPC(t, b.gatedGRPCServer()),
		grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(src, opts...), awaitFirstVerdict)))
}

func echoRequest(text string) *testpb.StreamingOutputCallRequest {
	return &testpb.StreamingOutputCallRequest{Payload: body(text)}
}

// Once a message has reached the caller, opening the stream again would deliver it
// twice.
func TestRejectionAfterTheFirstMessageIsReturned(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	b.good = "Bearer token-0"
	b.onDuplex = func(recv func() (*testpb.StreamingOutputCallRequest, error), send func(*testpb.StreamingOutputCallResponse) error) error {
		req, err := recv()
		if err != nil {
			return err
		}
		if err := send(&testpb.StreamingOutputCallResponse{Payload: req.GetPayload()}); err != nil {
			return err
		}
		return status.Error(codes.Unauthenticated, "your time is up")
	}
	var finished ends
	s, err := dialGated(t, b, src, interceptors.WithRequestID()).FullDuplexCall(t.Context(), finished.option())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(echoRequest("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil {
		t.Fatal(err)
	}

	_, err = s.Recv()

	if status.Code(err) != codes.Unauthenticated || status.Convert(err).Message() != "your time is up" {
		t.Errorf("got %v", err)
	}
	if !uuid4.MatchString(interceptors.RequestID(err)) {
		t.Errorf("the error does not know its request id")
	}
	if refreshes, _ := src.counts(); refreshes != 0 {
		t.Errorf("%d refreshes", refreshes)
	}
	if got := finished.all(); len(got) != 1 || status.Code(got[0]) != codes.Unauthenticated {
		t.Errorf("finished with %v", got)
	}
	if err := s.Send(echoRequest("b")); !errors.Is(err, io.EOF) {
		t.Errorf("a send after the end gave %v", err)
	}
}

// The credentials are replaced nevertheless, and the error says why the call was not
// repeated.
func TestStreamThatSentMoreThanIsKeptFailsWithErrNotReplayed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		messages, size int
		replayed       bool
	}{
		"64 messages":         {64, 10, true},
		"65 messages":         {65, 10, false},
		"just under 256 KiB":  {3, 80 << 10, true},
		"over 256 KiB":        {4, 80 << 10, false},
		"one message too big": {1, 300 << 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, src := newBackend(), newSource()
			s, err := dialGated(t, b, src).StreamingInputCall(withAwaitedVerdict(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			payload := body(strings.Repeat("x", tt.size))
			for range tt.messages {
				if err := s.Send(&testpb.StreamingInputCallRequest{Payload: payload}); err != nil {
					if !errors.Is(err, io.EOF) || tt.replayed {
						t.Errorf("send gave %v", err)
					}
					break
				}
			}

			resp, err := s.CloseAndRecv()

			received, _ := b.state()
			if tt.replayed {
				if err != nil || len(received) != tt.messages || int(resp.GetAggregatedPayloadSize()) != tt.messages*tt.size {
					t.Errorf("the service received %d messages, the caller %v, %v", len(received), resp, err)
				}
			} else {
				if !errors.Is(err, interceptors.ErrNotReplayed) || status.Code(err) != codes.Unauthenticated || len(received) != 0 {
					t.Errorf("the service received %d messages, the caller %v", len(received), err)
				}
				if _, again := s.CloseAndRecv(); !errors.Is(again, interceptors.ErrNotReplayed) {
					t.Errorf("asked again, the stream said %v", again)
				}
			}
			if refreshes, minted := src.counts(); refreshes != 1 || minted != 1 {
				t.Errorf("%d refreshes, %d tokens", refreshes, minted)
			}
		})
	}
}

func TestStreamThatOnlyClosesIsReplayed(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	s, err := dialGated(t, b, src).StreamingInputCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := s.CloseAndRecv(); err != nil || resp.GetAggregatedPayloadSize() != 0 {
		t.Errorf("got %v, %v", resp, err)
	}
}

// Header on a stream that ends without any does not consume the status.
func TestHeaderKeepsTheStatusForRecvMsg(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	b.good = "Bearer token-2" // out of reach
	s, err := dialGated(t, b, src).FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if md, err := s.Header(); md != nil || err != nil {
		t.Errorf("Header() = %v, %v", md, err)
	}
	for range 2 {
		if _, err := s.Recv(); status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v", err)
		}
	}
	if _, rejected := b.state(); rejected != 2 {
		t.Errorf("%d attempts", rejected)
	}
}

func TestOtherStreamErrorsAreReturnedUnchanged(t *testing.T) {
	t.Parallel()
	for _, code := range []codes.Code{codes.NotFound, codes.Unknown, codes.PermissionDenied, codes.Unavailable} {
		b, src := newBackend(), newSource()
		b.good = "Bearer token-0"
		calls := 0
		b.onDuplex = func(func() (*testpb.StreamingOutputCallRequest, error), func(*testpb.StreamingOutputCallResponse) error) error {
			calls++
			return status.Error(code, "an application's own")
		}
		s, err := dialGated(t, b, src).FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Recv()
		if refreshes, _ := src.counts(); status.Code(err) != code || refreshes != 0 || calls != 1 {
			t.Errorf("%v became %v after %d calls and %d refreshes", code, err, calls, refreshes)
		}
	}
}

// A server may answer a client stream before it has read everything.
func TestClientStreamMayBeAnsweredEarly(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	srv := grpc.NewServer()
	testpb.RegisterTestServiceServer(srv, earlyService{})
	tc := testpb.NewTestServiceClient(dial(t, serveGRPC(t, srv),
		grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(src))))
	s, err := tc.StreamingInputCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err = s.Send(&testpb.StreamingInputCallRequest{Payload: body("x")}); err != nil {
			break
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if resp, err := s.CloseAndRecv(); err != nil || resp.GetAggregatedPayloadSize() != 42 {
		t.Errorf("got %v, %v", resp, err)
	}
	if _, rejected := b.state(); rejected != 0 {
		t.Error("rejected")
	}
}

type earlyService struct {
	testpb.UnimplementedTestServiceServer
}

func (earlyService) StreamingInputCall(s grpc.ClientStreamingServer[testpb.StreamingInputCallRequest, testpb.StreamingInputCallResponse]) error {
	return s.SendAndClose(&testpb.StreamingInputCallResponse{AggregatedPayloadSize: 42})
}

func TestFailedRefreshFailsTheStream(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	src.refreshErr = &auth.Error{Op: "renew", Err: auth.ErrInteractionRequired}
	s, err := dialGated(t, b, src).StreamingOutputCall(t.Context(), outputRequest("x", 1))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it stays that way, and is not tried again
		_, err = s.Recv()
		if status.Code(err) != codes.Unauthenticated || !errors.Is(err, auth.ErrInteractionRequired) {
			t.Errorf("got %v", err)
		}
	}
	if refreshes, _ := src.counts(); refreshes != 1 {
		t.Errorf("%d refreshes", refreshes)
	}
}

func TestStreamSourceErrorIsReturnedAtOnce(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	src.credentialsErr = &auth.Error{Op: "login", Err: errors.New("connection refused")}
	_, err := dialGated(t, b, src).FullDuplexCall(t.Context())
	if status.Code(err) != codes.Unavailable || len(b.attempts()) != 0 {
		t.Errorf("got %v after %d attempts", err, len(b.attempts()))
	}
}

// Call options that collect something return that of the second attempt.
func TestCallOptionsApplyToBothAttemptsOfAStream(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	var header, trailer metadata.MD
	s, err := dialGated(t, b, src).StreamingOutputCall(t.Context(), outputRequest("x", 1), grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err = s.Recv(); err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) || header == nil {
		t.Errorf("ended with %v, header %v", err, header)
	}
	if s.Trailer() == nil || s.Context() == nil {
		t.Error("no trailer or no context")
	}
}

func TestStreamsOfOpenMethodsAndOwnCredentialsAreNotReplayed(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	tc := dialGated(t, b, src, interceptors.WithOpenMethods("/grpc.testing.TestService/StreamingOutputCall"), interceptors.WithRequestID())

	s, err := tc.StreamingOutputCall(t.Context(), outputRequest("x", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); status.Code(err) != codes.Unauthenticated || !uuid4.MatchString(interceptors.RequestID(err)) {
		t.Errorf("an open method gave %v", err)
	}

	own := interceptors.WithCallCredentials(t.Context(), metadata.Pairs("authorization", "Bearer own"))
	d, err := tc.FullDuplexCall(own)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("own credentials gave %v", err)
	}
	if src.asked+src.refreshes != 0 {
		t.Error("the source was asked")
	}
	if got := b.attempts(); len(got) != 2 || got[0][authKey] != nil || !slices.Equal(got[1][authKey], []string{"Bearer own"}) {
		t.Errorf("the server saw %v", got)
	}
}

func TestProxyAndServerRejectionsRefreshOnceEach(t *testing.T) {
	t.Parallel()
	b, main, proxy := newBackend(), newSource(), newSource()
	behind := b.gatedGRPCServer()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Bearer token-1" {
			answerHTML(http.StatusProxyAuthRequired)(w, r)
			return
		}
		behind.ServeHTTP(w, r)
	})
	tc := testpb.NewTestServiceClient(dial(t, serveHTTP(t, h),
		grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(main, interceptors.WithProxySource(proxy)))))
	s, err := tc.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sent := pingPong(t, s); len(sent) != 3 {
		t.Errorf("sent %v", sent)
	}
	m, _ := main.counts()
	p, _ := proxy.counts()
	if received, _ := b.state(); m != 1 || p != 1 || !slices.Equal(received, []string{"a", "b", "c"}) {
		t.Errorf("%d and %d refreshes, received %q", m, p, received)
	}
}
