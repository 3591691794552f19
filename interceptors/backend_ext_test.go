package interceptors_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

const authKey = "authorization"

// backend is gRPC's interop test service behind a gate. It records every message
// that passed the gate, so that tests find lost and doubled ones.
type backend struct {
	good string // the one authorization value that the gate lets through

	mu       sync.Mutex
	received []string
	rejected int
	headers  []metadata.MD // of every attempt

	// readFirst is how many messages of a stream the gate reads before it rejects it.
	readFirst int

	// Overrides of what the service does, for single tests.
	onUnary  func(context.Context) error
	onDuplex func(recv func() (*testpb.StreamingOutputCallRequest, error), send func(*testpb.StreamingOutputCallResponse) error) error
}

func newBackend() *backend { return &backend{good: "Bearer token-1"} }

func (b *backend) note(p *testpb.Payload) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.received = append(b.received, string(p.GetBody()))
}

func (b *backend) state() (received []string, rejected int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.received...), b.rejected
}

func (b *backend) attempts() []metadata.MD {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]metadata.MD(nil), b.headers...)
}

// pass is the gate.
func (b *backend) pass(h metadata.MD) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.headers = append(b.headers, h)
	if len(h[authKey]) == 1 && h[authKey][0] == b.good {
		return true
	}
	b.rejected++
	return false
}

// The service itself, the same for every kind of server.

func (b *backend) unary(ctx context.Context, req *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	if b.onUnary != nil {
		if err := b.onUnary(ctx); err != nil {
			return nil, err
		}
	}
	b.note(req.GetPayload())
	return &testpb.SimpleResponse{Payload: req.GetPayload()}, nil
}

func (b *backend) output(req *testpb.StreamingOutputCallRequest, send func(*testpb.StreamingOutputCallResponse) error) error {
	b.note(req.GetPayload())
	for _, p := range req.GetResponseParameters() {
		if err := send(&testpb.StreamingOutputCallResponse{Payload: &testpb.Payload{Body: make([]byte, p.GetSize())}}); err != nil {
			return err
		}
	}
	return nil
}

func (b *backend) input(recv func() (*testpb.StreamingInputCallRequest, error)) (*testpb.StreamingInputCallResponse, error) {
	var sum int32
	for {
		req, err := recv()
		if errors.Is(err, io.EOF) {
			return &testpb.StreamingInputCallResponse{AggregatedPayloadSize: sum}, nil
		}
		if err != nil {
			return nil, err
		}
		b.note(req.GetPayload())
		sum += int32(len(req.GetPayload().GetBody()))
	}
}

func (b *backend) duplex(recv func() (*testpb.StreamingOutputCallRequest, error), send func(*testpb.StreamingOutputCallResponse) error) error {
	if b.onDuplex != nil {
		return b.onDuplex(recv, send)
	}
	for {
		req, err := recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		b.note(req.GetPayload())
		if err := send(&testpb.StreamingOutputCallResponse{Payload: req.GetPayload()}); err != nil {
			return err
		}
	}
}

// grpc-go's form of the service.
type grpcService struct {
	testpb.UnimplementedTestServiceServer
	b *backend
}

func (s grpcService) UnaryCall(ctx context.Context, req *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	return s.b.unary(ctx, req)
}

func (s grpcService) StreamingOutputCall(req *testpb.StreamingOutputCallRequest, ss grpc.ServerStreamingServer[testpb.StreamingOutputCallResponse]) error {
	return s.b.output(req, ss.Send)
}

func (s grpcService) StreamingInputCall(ss grpc.ClientStreamingServer[testpb.StreamingInputCallRequest, testpb.StreamingInputCallResponse]) error {
	resp, err := s.b.input(ss.Recv)
	if err != nil {
		return err
	}
	return ss.SendAndClose(resp)
}

func (s grpcService) FullDuplexCall(ss grpc.BidiStreamingServer[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]) error {
	return s.b.duplex(ss.Recv, ss.Send)
}

func (b *backend) grpcServer(opts ...grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(opts...)
	testpb.RegisterTestServiceServer(s, grpcService{b: b})
	return s
}

// gatedGRPCServer rejects as grpc-go does, in a Trailers-Only response.
func (b *backend) gatedGRPCServer() *grpc.Server {
	check := func(ctx context.Context) error {
		md, _ := metadata.FromIncomingContext(ctx)
		if !b.pass(md) {
			return status.Error(codes.Unauthenticated, "the gate is closed")
		}
		return nil
	}
	return b.grpcServer(
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
			if err := check(ctx); err != nil {
				return nil, err
			}
			return h(ctx, req)
		}),
		grpc.ChainStreamInterceptor(func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) error {
			if err := check(ss.Context()); err != nil {
				for range b.readFirst {
					if ss.RecvMsg(new(testpb.Empty)) != nil {
						break
					}
				}
				return err
			}
			return h(srv, ss)
		}),
	)
}

// connectHandler is connect-go's form, which sends headers before the status.
func (b *backend) connectHandler() http.Handler {
	gate := connect.WithInterceptors(connectGate{b})
	mux := http.NewServeMux()
	const svc = "/grpc.testing.TestService/"
	mux.Handle(svc+"UnaryCall", connect.NewUnaryHandler(svc+"UnaryCall",
		func(ctx context.Context, req *connect.Request[testpb.SimpleRequest]) (*connect.Response[testpb.SimpleResponse], error) {
			resp, err := b.unary(ctx, req.Msg)
			if err != nil {
				return nil, err
			}
			return connect.NewResponse(resp), nil
		}, gate))
	mux.Handle(svc+"StreamingOutputCall", connect.NewServerStreamHandler(svc+"StreamingOutputCall",
		func(_ context.Context, req *connect.Request[testpb.StreamingOutputCallRequest], ss *connect.ServerStream[testpb.StreamingOutputCallResponse]) error {
			return b.output(req.Msg, ss.Send)
		}, gate))
	mux.Handle(svc+"StreamingInputCall", connect.NewClientStreamHandler(svc+"StreamingInputCall",
		func(_ context.Context, cs *connect.ClientStream[testpb.StreamingInputCallRequest]) (*connect.Response[testpb.StreamingInputCallResponse], error) {
			resp, err := b.input(func() (*testpb.StreamingInputCallRequest, error) {
				if cs.Receive() {
					return cs.Msg(), nil
				}
				if cs.Err() != nil {
					return nil, cs.Err()
				}
				return nil, io.EOF
			})
			if err != nil {
				return nil, err
			}
			return connect.NewResponse(resp), nil
		}, gate))
	mux.Handle(svc+"FullDuplexCall", connect.NewBidiStreamHandler(svc+"FullDuplexCall",
		func(_ context.Context, bs *connect.BidiStream[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]) error {
			return b.duplex(bs.Receive, bs.Send)
		}, gate))
	return mux
}

type connectGate struct{ b *backend }

func (g connectGate) check(h http.Header) error {
	if !g.b.pass(metadata.MD{authKey: h.Values("Authorization")}) {
		return connect.NewError(connect.CodeUnauthenticated, errors.New("the gate is closed"))
	}
	return nil
}

func (g connectGate) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if err := g.check(req.Header()); err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

func (g connectGate) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (g connectGate) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		if err := g.check(conn.RequestHeader()); err != nil {
			for range g.b.readFirst {
				if conn.Receive(new(testpb.Empty)) != nil {
					break
				}
			}
			return err
		}
		return next(ctx, conn)
	}
}

// front is a proxy that answers rejected calls by itself, in plain HTTP.
func (b *backend) front(behind http.Handler, answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !b.pass(metadata.MD{authKey: r.Header.Values("Authorization")}) {
			answer(w, r)
			return
		}
		behind.ServeHTTP(w, r)
	})
}

func answerHTML(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "<html><body>Please log in.</body></html>")
	}
}

func answerEmpty(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		w.WriteHeader(code)
	}
}

// serveGRPC and serveHTTP run a server on an in-memory listener and return how
// to reach it.

func serveGRPC(tb testing.TB, s *grpc.Server) *bufconn.Listener {
	tb.Helper()
	lis := bufconn.Listen(1 << 20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(lis)
	}()
	tb.Cleanup(func() { s.Stop(); <-done })
	return lis
}

func serveHTTP(tb testing.TB, h http.Handler) *bufconn.Listener {
	tb.Helper()
	lis := bufconn.Listen(1 << 20)
	s := &http.Server{Handler: h, Protocols: new(http.Protocols), ReadHeaderTimeout: time.Minute}
	s.Protocols.SetUnencryptedHTTP2(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(lis)
	}()
	tb.Cleanup(func() { _ = s.Close(); <-done })
	return lis
}

func dial(tb testing.TB, lis *bufconn.Listener, opts ...grpc.DialOption) *grpc.ClientConn {
	tb.Helper()
	cc, err := grpc.NewClient("passthrough:///memory", append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
	}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = cc.Close() })
	return cc
}
