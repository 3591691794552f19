package interceptors

import (
	"context"
	"testing"
	"unsafe"

	"google.golang.org/grpc"
)

// A stream is one allocation, of a size that Go's allocator has: one word more
// and it would take 288 bytes.
func TestStreamTakes256Bytes(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(authStream{}); size > 256 {
		t.Errorf("a stream takes %d bytes, want 256 at most", size)
	}
}

// blockingStream lets a message go only when told to.
type blockingStream struct {
	grpc.ClientStream
	sending, sent chan struct{}
}

func (s *blockingStream) SendMsg(any) error { s.sending <- struct{}{}; <-s.sent; return nil }
func (*blockingStream) RecvMsg(any) error   { return nil }

// A stream may live for days, so the kept messages are freed at the first response,
// or, during a send, when that is done.
func TestKeptMessagesAreFreed(t *testing.T) {
	t.Parallel()
	for name, desc := range map[string]*grpc.StreamDesc{
		"server stream": {ServerStreams: true},
		"two-way":       {ServerStreams: true, ClientStreams: true},
	} {
		for _, during := range []bool{false, true} {
			b := &blockingStream{sending: make(chan struct{}), sent: make(chan struct{})}
			opened, err := newClient(one("t"), nil).stream(t.Context(), desc, nil, "/s/m",
				func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
					return b, nil
				})
			s, ok := opened.(*authStream)
			if err != nil || !ok {
				t.Fatalf("opened %T, %v", opened, err)
			}
			done := make(chan error)
			go func() { done <- s.SendMsg("message") }()
			<-b.sending
			release := func() {
				b.sent <- struct{}{}
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if !during {
				release()
				if s.kept == (replayBuffer{}) {
					t.Errorf("%s: nothing was kept", name)
				}
			}
			if err := s.RecvMsg(nil); err != nil {
				t.Fatal(err)
			}
			if during {
				release()
			}
			if s.kept != (replayBuffer{}) {
				t.Errorf("%s, while sending %t: still kept after the first response", name, during)
			}
		}
	}
}
