package front_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"
	testpb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/jetway-go/jetway/mockserver/front"
)

// The server ends a stream while the client could go on sending: the client gets the status
// and does not wait for a deadline.
func TestStreamsEndWithoutTheClientsEnd(t *testing.T) {
	t.Parallel()
	eachWay(t, connect.StreamTypeBidi, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		c := connect.NewClient[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse](client, url+bidiCall, w.options()...)
		stream := c.CallBidiStream(short(t))
		defer func() { _ = stream.CloseResponse() }()
		defer func() { _ = stream.CloseRequest() }()
		err := stream.Send(&testpb.StreamingOutputCallRequest{ResponseStatus: &testpb.EchoStatus{Code: int32(connect.CodeAborted)}})
		if err != nil {
			t.Errorf("%v: %v", w, err)
		}
		if _, err := stream.Receive(); connect.CodeOf(err) != connect.CodeAborted {
			t.Errorf("%v: %v", w, err)
		}
	})
	eachWay(t, connect.StreamTypeClient, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		body, in := io.Pipe()
		defer in.Close()
		r, err := http.NewRequestWithContext(short(t), http.MethodPost, url+clientCall, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", map[front.Protocol]string{
			front.GRPC: "application/grpc", front.GRPCWeb: "application/grpc-web", front.Connect: "application/connect+proto",
		}[w.protocol.name])
		go func() { _, _ = in.Write([]byte("\x00\x00\x00\x00\x08\x0a\x06\x12\x04stop")) }()
		resp, err := client.Do(r)
		if err != nil {
			t.Fatalf("%v: %v", w, err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if said := fmt.Sprint(string(text), resp.Header, resp.Trailer); err != nil || !strings.Contains(said, "stopped") {
			t.Errorf("%v: %v, %s", w, err, said)
		}
	})
}

// Trailers stay trailers, also where there is no message before them.
func TestTrailersOfStreamsWithoutMessages(t *testing.T) {
	t.Parallel()
	eachWay(t, connect.StreamTypeServer, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		for _, code := range []connect.Code{0, connect.CodeAborted} {
			m := &testpb.StreamingOutputCallRequest{}
			if code != 0 {
				m.ResponseStatus = &testpb.EchoStatus{Code: int32(code)}
			}
			req := connect.NewRequest(m)
			req.Header().Set(noteHeader, "n1")
			c := connect.NewClient[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse](client, url+serverCall, w.options()...)
			stream, err := c.CallServerStream(short(t), req)
			if err != nil {
				t.Fatalf("%v: %v", w, err)
			}
			if stream.Receive() || code == 0 && stream.Err() != nil || code != 0 && connect.CodeOf(stream.Err()) != code {
				t.Errorf("%v: %v, want %v", w, stream.Err(), code)
			}
			trailer := stream.ResponseTrailer().Get(noteTrailer)
			if failed, ok := errors.AsType[*connect.Error](stream.Err()); ok {
				trailer = failed.Meta().Get(noteTrailer)
			}
			if trailer != "n1" {
				t.Errorf("%v: trailer %q", w, trailer)
			}
			_ = stream.Close()
		}
	})
}

// The protocol wants these names in lower case.
func TestTrailersOfGRPCWebAreInLowerCase(t *testing.T) {
	t.Parallel()
	url, client := serve(t, transports()[0], front.Config{})
	_, text := send(t, client, http.MethodPost, url+unaryCall, "\x00\x00\x00\x00\x00", "Content-Type: application/grpc-web", "X-Note: Any Case")
	_, trailer, _ := strings.Cut(text, "\x80")
	if !strings.Contains(trailer, "grpc-status: 0\r\n") || !strings.Contains(trailer, "x-end: Any Case\r\n") {
		t.Errorf("got %q", text)
	}
}

func TestUnknownCompressionIsUnimplemented(t *testing.T) {
	t.Parallel()
	url, client := serve(t, transports()[0], front.Config{})
	for header, contentType := range map[string]string{
		"Content-Encoding: br": "application/json", "Connect-Content-Encoding: br": "application/connect+json", "Grpc-Encoding: br": "application/grpc-web",
	} {
		path := map[bool]string{true: serverCall, false: unaryCall}[strings.HasPrefix(header, "Connect")]
		resp, text := send(t, client, http.MethodPost, url+path, "", "Content-Type: "+contentType, header)
		if said := fmt.Sprint(text, resp.Header); !strings.Contains(said, "gzip") || !strings.Contains(said, "br") {
			t.Errorf("%s: %d %s", header, resp.StatusCode, said)
		}
	}
}
