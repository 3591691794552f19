package interceptors

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// What a stream keeps, at most, for sending it again.
const (
	maxKept      = 64
	maxKeptBytes = 256 << 10
)

// replayBuffer keeps the messages sent on a stream until the first response.
type replayBuffer struct {
	messages []any
	bytes    int
	closed   bool   // CloseSend was called
	overflow bool   // more was sent than is kept
	one      [1]any // room for the request of a server stream
}

// add keeps m, or nothing any more when that is too much. A server stream's one
// request is always kept, and as it is, since gRPC forbids to change a message
// that was sent; the many of a client stream are copied, because callers fill
// the same message again all the same.
func (b *replayBuffer) add(m any, clientStreams bool) {
	if b.overflow {
		return
	}
	if !clientStreams {
		b.messages = append(b.one[:0], m)
		return
	}
	pm := protoMessage(m)
	if pm != nil {
		b.bytes += proto.Size(pm)
	}
	if len(b.messages) == maxKept || b.bytes > maxKeptBytes {
		b.overflow = true
		b.drop()
		return
	}
	if pm != nil {
		m = proto.Clone(pm)
	}
	b.messages = append(b.messages, m)
}

// removeLast forgets a message that could not be sent.
func (b *replayBuffer) removeLast() {
	if n := len(b.messages); n > 0 {
		b.messages = b.messages[:n-1]
	}
}

// drop frees the messages.
func (b *replayBuffer) drop() { b.messages, b.one[0] = nil, nil }

// resend sends on s what was sent before. How that ends is for the receiving
// side to say, as it is with every stream.
func (b *replayBuffer) resend(s grpc.ClientStream) {
	for _, m := range b.messages {
		if s.SendMsg(m) != nil {
			return
		}
	}
	if b.closed {
		_ = s.CloseSend()
	}
}

// protoMessage returns nil for what a codec other than protobuf's will encode.
func protoMessage(m any) proto.Message {
	switch m := m.(type) {
	case proto.Message:
		return m
	case protoadapt.MessageV1:
		return protoadapt.MessageV2Of(m)
	}
	return nil
}
