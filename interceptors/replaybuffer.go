package interceptors

import (
	"slices"

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
	request any       // of a server stream
	many    *messages // of every other stream; nil until there is one
}

// messages are those of a client stream.
type messages struct {
	list     []any
	bytes    int
	overflow bool   // more was sent than is kept, so that nothing is
	room     [4]any // for a short list
}

// add keeps m. A server stream's one request is kept as it is, since gRPC
// forbids to change a message that was sent; the many of a client stream are
// copied, because callers fill the same message again all the same.
func (b *replayBuffer) add(m any, clientStreams bool) {
	switch {
	case !clientStreams:
		b.request = m
		return
	case b.many == nil:
		b.many = new(messages)
		b.many.list = b.many.room[:0]
	}
	b.many.add(m)
}

func (b *replayBuffer) overflow() bool { return b.many != nil && b.many.overflow }

// resend sends on s what was sent before, until that fails. How that ends is for
// the receiving side to say, as it is with every stream.
func (b *replayBuffer) resend(s grpc.ClientStream) error {
	if b.request != nil {
		return s.SendMsg(b.request)
	}
	if b.many == nil {
		return nil
	}
	for _, m := range b.many.list {
		if err := s.SendMsg(m); err != nil {
			return err
		}
	}
	return nil
}

func (ms *messages) add(m any) {
	ms.bytes += size(m)
	if len(ms.list) == maxKept || ms.bytes > maxKeptBytes {
		*ms = messages{overflow: true}
		return
	}
	ms.list = append(ms.list, clone(m))
}

// size is what m takes on the wire, as far as that can be told.
func size(m any) int {
	switch m := m.(type) {
	case proto.Message:
		return proto.Size(m)
	case protoadapt.MessageV1:
		return proto.Size(protoadapt.MessageV2Of(m))
	case []byte:
		return len(m)
	case string:
		return len(m)
	}
	return 0
}

// clone copies m into another of the same type. What codecs other than
// protobuf's will encode is kept as it is, but for plain bytes.
func clone(m any) any {
	switch m := m.(type) {
	case proto.Message:
		return proto.Clone(m)
	case protoadapt.MessageV1:
		return protoadapt.MessageV1Of(proto.Clone(protoadapt.MessageV2Of(m)))
	case []byte:
		return slices.Clone(m)
	}
	return m
}
