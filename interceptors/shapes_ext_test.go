package interceptors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"google.golang.org/grpc"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/interceptors"
)

// Every shape of call, against every way of a server to reject it: each is
// rejected once, recovers with exactly one refresh, and loses or doubles nothing.
func TestEveryShapeRecoversFromEveryServer(t *testing.T) {
	t.Parallel()
	servers := map[string]func(*testing.T, *backend) *bufconn.Listener{
		"grpc-go": func(t *testing.T, b *backend) *bufconn.Listener { return serveGRPC(t, b.gatedGRPCServer()) },
		"connect-go": func(t *testing.T, b *backend) *bufconn.Listener {
			return serveHTTP(t, b.connectHandler())
		},
		"401 with HTML": func(t *testing.T, b *backend) *bufconn.Listener {
			return serveFront(t, b, answerHTML(http.StatusUnauthorized))
		},
		"401 empty": func(t *testing.T, b *backend) *bufconn.Listener {
			return serveFront(t, b, answerEmpty(http.StatusUnauthorized))
		},
		"302": func(t *testing.T, b *backend) *bufconn.Listener {
			return serveFront(t, b, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://login.example.com/", http.StatusFound)
			})
		},
		"302 empty": func(t *testing.T, b *backend) *bufconn.Listener {
			return serveFront(t, b, answerEmpty(http.StatusFound))
		},
		"200 with HTML": func(t *testing.T, b *backend) *bufconn.Listener {
			return serveFront(t, b, answerHTML(http.StatusOK))
		},
	}
	for server, serve := range servers {
		for shape, run := range shapes {
			t.Run(server+"/"+shape, func(t *testing.T) {
				t.Parallel()
				b, src := newBackend(), newSource()
				tc := testpb.NewTestServiceClient(dial(t, serve(t, b),
					grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(src)),
					grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(src), awaitFirstVerdict),
				))

				want := run(t, tc)

				received, rejected := b.state()
				if !slices.Equal(received, want) {
					t.Errorf("the service received %q, want %q", received, want)
				}
				if refreshes, minted := src.counts(); refreshes != 1 || minted != 1 || rejected != 1 {
					t.Errorf("%d refreshes, %d tokens, %d rejections; want one of each", refreshes, minted, rejected)
				}
			})
		}
	}
}

func serveFront(t *testing.T, b *backend, answer http.HandlerFunc) *bufconn.Listener {
	t.Helper()
	return serveHTTP(t, b.front(b.grpcServer(), answer))
}

// shapes make one call each, check what the caller sees, and return what the
// service must have received, in order.
var shapes = map[string]func(*testing.T, testpb.TestServiceClient) []string{
	"unary": func(t *testing.T, tc testpb.TestServiceClient) []string {
		resp, err := tc.UnaryCall(t.Context(), &testpb.SimpleRequest{Payload: body("only")})
		if err != nil || string(resp.GetPayload().GetBody()) != "only" {
			t.Fatalf("got %v, %v", resp, err)
		}
		return []string{"only"}
	},
	"server stream": func(t *testing.T, tc testpb.TestServiceClient) []string {
		s, err := tc.StreamingOutputCall(t.Context(), outputRequest("only", 1, 2, 3))
		if err != nil {
			t.Fatal(err)
		}
		var sizes []int
		for {
			resp, err := s.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, len(resp.GetPayload().GetBody()))
		}
		if !slices.Equal(sizes, []int{1, 2, 3}) {
			t.Errorf("received sizes %v, want 1, 2, 3", sizes)
		}
		return []string{"only"}
	},
	"client stream": func(t *testing.T, tc testpb.TestServiceClient) []string {
		s, err := tc.StreamingInputCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sendAll(t, s, 5)
	},
	"client stream that keeps sending": func(t *testing.T, tc testpb.TestServiceClient) []string {
		s, err := tc.StreamingInputCall(withAwaitedVerdict(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		return sendAll(t, s, 64) // the first send waits until the rejection is there
	},
	"bidi": func(t *testing.T, tc testpb.TestServiceClient) []string {
		s, err := tc.FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return pingPong(t, s)
	},
	"Header before the first receive": func(t *testing.T, tc testpb.TestServiceClient) []string {
		s, err := tc.FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(&testpb.StreamingOutputCallRequest{Payload: body("0")}); err != nil {
			t.Fatal(err)
		}
		if md, err := s.Header(); err != nil || md == nil {
			t.Fatalf("Header() = %v, %v", md, err)
		}
		if resp, err := s.Recv(); err != nil || string(resp.GetPayload().GetBody()) != "0" {
			t.Fatalf("got %v, %v", resp, err)
		}
		return append([]string{"0"}, pingPong(t, s)...)
	},
}

func body(s string) *testpb.Payload { return &testpb.Payload{Body: []byte(s)} }

func outputRequest(name string, sizes ...int32) *testpb.StreamingOutputCallRequest {
	req := &testpb.StreamingOutputCallRequest{Payload: body(name)}
	for _, n := range sizes {
		req.ResponseParameters = append(req.ResponseParameters, &testpb.ResponseParameters{Size: n})
	}
	return req
}

// sendAll sends n messages, using one and the same message for all of them.
func sendAll(t *testing.T, s testpb.TestService_StreamingInputCallClient, n int) (sent []string) {
	t.Helper()
	req := &testpb.StreamingInputCallRequest{Payload: &testpb.Payload{}}
	var sum int32
	for i := range n {
		text := fmt.Sprint(i)
		req.Payload.Body = append(req.Payload.Body[:0], text...) // the same room, too
		if err := s.Send(req); err != nil {
			t.Fatalf("send %d: %v", i, err)
		}
		sent = append(sent, text)
		sum += int32(len(text))
	}
	resp, err := s.CloseAndRecv()
	if err != nil || resp.GetAggregatedPayloadSize() != sum {
		t.Fatalf("got %v, %v; want a sum of %d", resp, err, sum)
	}
	return sent
}

func pingPong(t *testing.T, s testpb.TestService_FullDuplexCallClient) (sent []string) {
	t.Helper()
	for _, text := range []string{"a", "b", "c"} {
		if err := s.Send(&testpb.StreamingOutputCallRequest{Payload: body(text)}); err != nil {
			t.Fatal(err)
		}
		resp, err := s.Recv()
		if err != nil || string(resp.GetPayload().GetBody()) != text {
			t.Fatalf("got %v, %v; want %q", resp, err, text)
		}
		sent = append(sent, text)
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want the end of the stream", err)
	}
	return sent
}

type awaitKey struct{}

// withAwaitedVerdict makes the first send of the stream's first attempt return
// only when the server's rejection has arrived.
func withAwaitedVerdict(ctx context.Context) context.Context {
	return context.WithValue(ctx, awaitKey{}, new(bool))
}

func awaitFirstVerdict(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := streamer(ctx, desc, cc, method, opts...)
	waited, _ := ctx.Value(awaitKey{}).(*bool)
	if err != nil || waited == nil || *waited {
		return s, err
	}
	*waited = true
	return &awaitingStream{ClientStream: s}, nil
}

type awaitingStream struct {
	grpc.ClientStream
	verdict error
}

func (s *awaitingStream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if err == nil && s.verdict == nil {
		s.verdict = s.ClientStream.RecvMsg(new(testpb.Empty))
	}
	return err
}

func (s *awaitingStream) RecvMsg(m any) error {
	if s.verdict != nil {
		return s.verdict
	}
	return s.ClientStream.RecvMsg(m)
}
