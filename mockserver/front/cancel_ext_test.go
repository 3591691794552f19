package front_test

import (
	"context"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	testpb "google.golang.org/grpc/interop/grpc_testing"
)

// The handler of a call that is cancelled ends: serve waits for it when it closes. A stream is
// cancelled after its first message.
func TestCancellationReachesTheServer(t *testing.T) {
	t.Parallel()
	eachWay(t, connect.StreamTypeServer, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		ctx, cancel := context.WithCancel(short(t))
		defer cancel()
		c := connect.NewClient[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse](client, url+serverCall, w.options()...)
		stream, err := c.CallServerStream(ctx, connect.NewRequest(&testpb.StreamingOutputCallRequest{
			ResponseParameters: []*testpb.ResponseParameters{{Size: 1}},
			ResponseStatus:     &testpb.EchoStatus{Code: int32(connect.CodeCanceled)},
		}))
		if err != nil || !stream.Receive() {
			t.Fatalf("%v: no message: %v, %v", w, err, stream.Err())
		}
		cancel()
		if stream.Receive() || connect.CodeOf(stream.Err()) != connect.CodeCanceled {
			t.Errorf("%v: %v", w, stream.Err())
		}
		_ = stream.Close()
	})
}
