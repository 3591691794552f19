package front_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/mockserver/front"
)

const (
	service     = "/grpc.testing.TestService/"
	unaryCall   = service + "UnaryCall"
	serverCall  = service + "StreamingOutputCall"
	clientCall  = service + "StreamingInputCall"
	bidiCall    = service + "FullDuplexCall"
	noteHeader  = "X-Note"
	noteTrailer = "X-End"
	protocolKey = "X-Protocol"
)

// echo answers with what it gets, and tells by which protocol that came.
type echo struct {
	testpb.UnimplementedTestServiceServer
}

func tell(ctx context.Context) (header, trailer metadata.MD) {
	md, _ := metadata.FromIncomingContext(ctx)
	return metadata.Pairs(protocolKey, string(front.ProtocolFromContext(ctx))), metadata.MD{strings.ToLower(noteTrailer): md.Get(noteHeader)}
}

// UnaryCall fails with the status that it is asked for, or waits for the end of the call if
// that is Canceled.
func (echo) UnaryCall(ctx context.Context, r *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	header, trailer := tell(ctx)
	_ = grpc.SetHeader(ctx, header)
	_ = grpc.SetTrailer(ctx, trailer)
	if wanted := r.GetResponseStatus(); wanted != nil {
		if codes.Code(wanted.GetCode()) == codes.Canceled {
			<-ctx.Done()
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		st, err := status.New(codes.Code(wanted.GetCode()), wanted.GetMessage()).WithDetails(r.GetPayload())
		if err != nil {
			return nil, err
		}
		return nil, st.Err()
	}
	return &testpb.SimpleResponse{Payload: r.GetPayload()}, nil
}

// StreamingOutputCall answers once for each of the parameters, with their size, and fails then if it
// is asked to.
func (echo) StreamingOutputCall(r *testpb.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[testpb.StreamingOutputCallResponse]) error {
	header, trailer := tell(stream.Context())
	_ = stream.SetHeader(header)
	stream.SetTrailer(trailer)
	for _, p := range r.GetResponseParameters() {
		if err := stream.Send(&testpb.StreamingOutputCallResponse{Payload: &testpb.Payload{Body: make([]byte, p.GetSize())}}); err != nil {
			return err
		}
	}
	if wanted := r.GetResponseStatus(); wanted != nil {
		if codes.Code(wanted.GetCode()) == codes.Canceled {
			<-stream.Context().Done()
			return status.FromContextError(stream.Context().Err()).Err()
		}
		return status.Error(codes.Code(wanted.GetCode()), wanted.GetMessage())
	}
	return nil
}

// StreamingInputCall answers with the sum of the sizes, or fails at a message that says stop.
func (echo) StreamingInputCall(stream grpc.ClientStreamingServer[testpb.StreamingInputCallRequest, testpb.StreamingInputCallResponse]) error {
	header, trailer := tell(stream.Context())
	_ = stream.SetHeader(header)
	stream.SetTrailer(trailer)
	var sum int32
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&testpb.StreamingInputCallResponse{AggregatedPayloadSize: sum})
		}
		if err != nil {
			return err
		}
		if string(r.GetPayload().GetBody()) == "stop" {
			return status.Error(codes.Aborted, "stopped")
		}
		sum += int32(len(r.GetPayload().GetBody()))
	}
}

// FullDuplexCall answers each message before it reads the next, or fails as it is asked to.
func (echo) FullDuplexCall(stream grpc.BidiStreamingServer[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]) error {
	header, trailer := tell(stream.Context())
	_ = stream.SetHeader(header)
	stream.SetTrailer(trailer)
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if wanted := r.GetResponseStatus(); wanted != nil {
			return status.Error(codes.Code(wanted.GetCode()), wanted.GetMessage())
		}
		if err := stream.Send(&testpb.StreamingOutputCallResponse{Payload: r.GetPayload()}); err != nil {
			return err
		}
	}
}

// transport is a way to reach a front.
type transport struct {
	name   string
	secure bool
	http2  bool
}

func transports() []transport {
	return []transport{
		{name: "HTTP/1.1"},
		{name: "h2c", http2: true},
		{name: "TLS with HTTP/1.1", secure: true},
		{name: "TLS with HTTP/2", secure: true, http2: true},
	}
}

// serve starts a front of the echo service and returns its address and a client of it.
func serve(t *testing.T, tr transport, cfg front.Config) (string, *http.Client) {
	t.Helper()
	server := grpc.NewServer()
	testpb.RegisterTestServiceServer(server, echo{})
	reflection.Register(server)
	handler, err := front.New(server, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	client := &http.Transport{Protocols: &http.Protocols{}}
	client.Protocols.SetHTTP1(!tr.http2)
	client.Protocols.SetHTTP2(tr.http2 && tr.secure)
	client.Protocols.SetUnencryptedHTTP2(tr.http2 && !tr.secure)
	if tr.secure {
		s.EnableHTTP2 = true
		s.StartTLS()
		client.TLSClientConfig = &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS13}
	} else {
		s.Start()
	}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		s.Close()
		server.Stop()
	})
	return s.URL, &http.Client{Transport: client}
}

// protocol is an option of connect-go's clients, and what the server calls it.
type protocol struct {
	name   front.Protocol
	option connect.ClientOption
}

func protocols() []protocol {
	return []protocol{
		{front.GRPC, connect.WithGRPC()},
		{front.GRPCWeb, connect.WithGRPCWeb()},
		{front.Connect, connect.WithClientOptions()},
	}
}

func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// send makes a plain HTTP request with headers in the form "Name: value".
func send(t *testing.T, client *http.Client, method, url, body string, headers ...string) (answer, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(short(t), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header}, string(text)
}

// answer is what a response is besides its body.
type answer struct {
	StatusCode int
	Header     http.Header
}
