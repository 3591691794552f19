package front_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	testpb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/jetway-go/jetway/mockserver/front"
)

// way is one combination of what a client can choose.
type way struct {
	transport
	protocol

	json, gzip bool
}

func (w way) String() string {
	return fmt.Sprintf("%s by %s, json %t, gzip %t", w.protocol.name, w.transport.name, w.json, w.gzip)
}

func (w way) options() []connect.ClientOption {
	options := []connect.ClientOption{w.option}
	if w.json {
		options = append(options, connect.WithProtoJSON())
	}
	if w.gzip {
		options = append(options, connect.WithSendGzip())
	}
	return options
}

// exists reports whether a protocol can do a kind of call: gRPC needs HTTP/2, and so do
// streams in both directions.
func (w way) exists(kind connect.StreamType) bool {
	return w.http2 || w.protocol.name != front.GRPC && kind != connect.StreamTypeBidi
}

// Every kind of call works in every protocol, over every transport, with both codecs,
// compressed and not; headers, trailers and the name of the protocol come through.
func TestEveryProtocolServesEveryKindOfCall(t *testing.T) {
	t.Parallel()
	for _, tr := range transports() {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			url, client := serve(t, tr, front.Config{})
			for _, p := range protocols() {
				for i := range 4 {
					w := way{tr, p, i&1 > 0, i&2 > 0}
					for kind, call := range map[connect.StreamType]func(*testing.T, way, *http.Client, string){
						connect.StreamTypeUnary: unary, connect.StreamTypeServer: serverStream,
						connect.StreamTypeClient: clientStream, connect.StreamTypeBidi: bidiStream,
					} {
						if w.exists(kind) {
							call(t, w, client, url)
						}
					}
				}
			}
		})
	}
}

func unary(t *testing.T, w way, client *http.Client, url string) {
	t.Helper()
	c := connect.NewClient[testpb.SimpleRequest, testpb.SimpleResponse](client, url+unaryCall, w.options()...)
	if _, err := c.CallUnary(short(t), connect.NewRequest(&testpb.SimpleRequest{})); err != nil {
		t.Errorf("%v: an empty message: %v", w, err)
	}
	req := connect.NewRequest(&testpb.SimpleRequest{Payload: &testpb.Payload{Body: []byte("ping")}})
	req.Header().Set(noteHeader, "n1")
	resp, err := c.CallUnary(short(t), req)
	if err != nil {
		t.Errorf("%v: unary: %v", w, err)
		return
	}
	if got := string(resp.Msg.GetPayload().GetBody()); got != "ping" {
		t.Errorf("%v: unary: got %q", w, got)
	}
	told(t, w, "unary", resp.Header(), resp.Trailer())
}

// told checks what the server has sent besides messages.
func told(t *testing.T, w way, kind string, header, trailer http.Header) {
	t.Helper()
	if got := header.Get(protocolKey); got != string(w.protocol.name) {
		t.Errorf("%v: %s: the server was called by %q", w, kind, got)
	}
	if got := trailer.Get(noteTrailer); got != "n1" {
		t.Errorf("%v: %s: trailer %q in %v", w, kind, got, trailer)
	}
}

func serverStream(t *testing.T, w way, client *http.Client, url string) {
	t.Helper()
	c := connect.NewClient[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse](client, url+serverCall, w.options()...)
	req := connect.NewRequest(&testpb.StreamingOutputCallRequest{ResponseParameters: []*testpb.ResponseParameters{{Size: 1}, {Size: 70_000}, {Size: 0}}})
	req.Header().Set(noteHeader, "n1")
	stream, err := c.CallServerStream(short(t), req)
	if err != nil {
		t.Errorf("%v: server stream: %v", w, err)
		return
	}
	defer stream.Close()
	var sizes []int
	for stream.Receive() {
		sizes = append(sizes, len(stream.Msg().GetPayload().GetBody()))
	}
	if stream.Err() != nil || fmt.Sprint(sizes) != "[1 70000 0]" {
		t.Errorf("%v: server stream: got %v, %v", w, sizes, stream.Err())
	}
	told(t, w, "server stream", stream.ResponseHeader(), stream.ResponseTrailer())
}

func clientStream(t *testing.T, w way, client *http.Client, url string) {
	t.Helper()
	c := connect.NewClient[testpb.StreamingInputCallRequest, testpb.StreamingInputCallResponse](client, url+clientCall, w.options()...)
	stream := c.CallClientStream(short(t))
	stream.RequestHeader().Set(noteHeader, "n1")
	for _, text := range []string{"four", "", "longer"} {
		if err := stream.Send(&testpb.StreamingInputCallRequest{Payload: &testpb.Payload{Body: []byte(text)}}); err != nil {
			t.Errorf("%v: client stream: %v", w, err)
		}
	}
	resp, err := stream.CloseAndReceive()
	if err != nil || resp.Msg.GetAggregatedPayloadSize() != 10 {
		t.Errorf("%v: client stream: %v, %v", w, resp, err)
		return
	}
	told(t, w, "client stream", resp.Header(), resp.Trailer())
}

func bidiStream(t *testing.T, w way, client *http.Client, url string) {
	t.Helper()
	c := connect.NewClient[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse](client, url+bidiCall, w.options()...)
	stream := c.CallBidiStream(short(t))
	stream.RequestHeader().Set(noteHeader, "n1")
	for i := range 3 {
		text := fmt.Sprint("message ", i)
		if err := stream.Send(&testpb.StreamingOutputCallRequest{Payload: &testpb.Payload{Body: []byte(text)}}); err != nil {
			t.Errorf("%v: bidi stream: %v", w, err)
		}
		got, err := stream.Receive() // before the next is sent
		if err != nil || string(got.GetPayload().GetBody()) != text {
			t.Errorf("%v: bidi stream: got %v, %v", w, got, err)
			return
		}
	}
	if err := stream.CloseRequest(); err != nil {
		t.Errorf("%v: bidi stream: %v", w, err)
	}
	if _, err := stream.Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("%v: bidi stream ended with %v", w, err)
	}
	told(t, w, "bidi stream", stream.ResponseHeader(), stream.ResponseTrailer())
	if err := stream.CloseResponse(); err != nil {
		t.Errorf("%v: bidi stream: %v", w, err)
	}
}
