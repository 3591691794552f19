package gateway_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/jetway-go/jetway/integration/gateway/echopb"
	"github.com/jetway-go/jetway/interceptors/httprule"
)

// echo answers every call with its request, whatever its method is.
type echo struct {
	echopb.UnimplementedEchoServer

	mu   sync.Mutex
	last context.Context
}

// answer is an interceptor, so that it serves all methods.
func (e *echo) answer(ctx context.Context, req any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	e.mu.Lock()
	e.last = ctx
	e.mu.Unlock()
	if err := grpc.SetHeader(ctx, metadata.Pairs("served-by", "echo")); err != nil {
		return nil, err
	}
	if err := grpc.SetTrailer(ctx, metadata.Pairs("cost", "9")); err != nil {
		return nil, err
	}
	switch req := req.(type) {
	case *echopb.Failure:
		return nil, failure(req)
	case *echopb.Item:
		switch info.FullMethod {
		case echopb.Echo_AnswerRaw_FullMethodName:
			return &httpbody.HttpBody{ContentType: "text/html; charset=utf-8", Data: []byte("<p>" + req.GetId() + "\x00\xff")}, nil
		case echopb.Echo_Nothing_FullMethodName:
			return &emptypb.Empty{}, nil
		}
	}
	return req, nil
}

// failure is a status with details of several types.
func failure(f *echopb.Failure) error {
	st, err := status.New(codes.Code(f.GetCode()), f.GetMessage()).WithDetails(
		&errdetails.ErrorInfo{Reason: "TESTED", Domain: "gateway.test", Metadata: map[string]string{"code": codes.Code(f.GetCode()).String()}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "id", Description: "grüße\n<b>"}}},
		&echopb.Book{Name: "a detail of our own", PageCount: 1 << 60},
	)
	if err != nil {
		return err
	}
	return st.Err()
}

func (e *echo) context() context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// both are the two ways to one server.
type both struct {
	*echo

	grpc *grpc.ClientConn
	hc   *http.Client
	base string
}

// http returns the way through the gateway.
func (b *both) http(opts ...httprule.Option) grpc.ClientConnInterface {
	return httprule.New(b.hc, b.base, opts...)
}

// serve starts the server and a gateway with these options in front of it.
func serve(t *testing.T, opts ...runtime.ServeMuxOption) *both {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{}
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(e.answer))
	echopb.RegisterEchoServer(server, e)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	cc, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	mux := runtime.NewServeMux(opts...)
	if err := echopb.RegisterEchoHandler(t.Context(), mux, cc); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(mux)
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		hc.CloseIdleConnections()
		front.Close()
		_ = cc.Close()
		server.Stop()
		<-ended
	})
	return &both{echo: e, grpc: cc, hc: hc, base: front.URL}
}
