package interceptors

import (
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// The most that a stream keeps for sending it again.
const (
	maxKept      = 64
	maxKeptBytes = 256 << 10
)

// replayBuffer keeps the messages sent on a stream until the first response.
type replayBuffer struct {
	kept any // the one request of a server stream, or the *messages of every other
}

// messages are those of a client stream.
type messages struct {
	list     []any
	bytes    int
	overflow bool   // more was sent than can be kept, so the list is empty
	room     [4]any // the array of a short list, without an allocation of its own
}

// add keeps m. The one request of a server stream is kept by reference, because gRPC
// forbids changing a message that was sent. Those of a client stream are copied,
// because callers reuse messages nevertheless.
func (b *replayBuffer) add(m any, clientStreams bool) {
	if !clientStreams {
		b.kept = m
		return
	}
	many := b.many()
	if many == nil {
		many = new(messages)
		many.list = many.room[:0]
		b.kept = many
	}
	many.add(m)
}

// many returns the messages of a client stream; nil before the first.
func (b *replayBuffer) many() *messages {
	many, _ := b.kept.(*messages)
	return many
}

func (b *replayBuffer) overflow() bool {
	many := b.many()
	return many != nil && many.overflow
}

// resend sends the kept messages on s, until that fails. As with every stream, the
// receiving side returns the status.
func (b *replayBuffer) resend(s grpc.ClientStream) error {
	many := b.many()
	switch {
	case b.kept == nil:
		return nil
	case many == nil:
		return s.SendMsg(b.kept)
	}
	for _, m := range many.list {
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

// size returns the size of m on the wire; 0 if the type of m is not known here.
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

// clone copies protobuf messages and byte slices. It returns other values, which
// belong to other codecs, as they are.
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
