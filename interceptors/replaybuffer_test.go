package interceptors

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// oldMessage is a message as generators made them before protobuf's second API.
type oldMessage struct {
	Text string `protobuf:"bytes,1,opt,name=text,proto3"`
}

func (m *oldMessage) Reset()       { *m = oldMessage{} }
func (*oldMessage) String() string { return "" }
func (*oldMessage) ProtoMessage()  {}

// What is kept is of the same type as what was sent, because a codec or an
// interceptor further in may ask for it, and is not changed with it.
func TestKeptMessagesAreCopiesOfTheSameType(t *testing.T) {
	t.Parallel()
	var (
		current = wrapperspb.String("abc")
		old     = &oldMessage{Text: "abc"}
		plain   = []byte("abc")
		other   = &struct{ text string }{"abc"}
	)
	var b replayBuffer
	for _, m := range []any{current, old, plain, "abc", other} {
		b.add(m, true)
	}
	current.Value, old.Text, plain[0], other.text = "x", "x", 'x', "by reference"

	got := b.many().list
	if m, ok := got[0].(*wrapperspb.StringValue); !ok || m.GetValue() != "abc" {
		t.Errorf("kept %T %v", got[0], got[0])
	}
	if m, ok := got[1].(*oldMessage); !ok || m.Text != "abc" {
		t.Errorf("kept %T %v", got[1], got[1])
	}
	if m, ok := got[2].([]byte); !ok || string(m) != "abc" {
		t.Errorf("kept %T %v", got[2], got[2])
	}
	if got[3] != "abc" || got[4] != any(other) {
		t.Errorf("kept %v and %v", got[3], got[4])
	}
	if want := 2*proto.Size(wrapperspb.String("abc")) + len("abc") + len("abc"); b.many().bytes != want {
		t.Errorf("counted %d bytes, want %d", b.many().bytes, want)
	}
}

func TestReplayBufferIsBounded(t *testing.T) {
	t.Parallel()
	half := make([]byte, maxKeptBytes/2)
	for name, tt := range map[string]struct {
		messages []any
		overflow bool
	}{
		"exactly 256 KiB":        {[]any{half, half}, false},
		"one byte more":          {[]any{half, half, "x"}, true},
		"exactly 64":             {make([]any, maxKept), false},
		"one message more":       {make([]any, maxKept+1), true},
		"one of exactly 256 KiB": {[]any{make([]byte, maxKeptBytes)}, false},
		"one too large":          {[]any{make([]byte, maxKeptBytes+1)}, true},
	} {
		var b replayBuffer
		for _, m := range tt.messages {
			b.add(m, true)
		}
		if b.overflow() != tt.overflow || !tt.overflow && len(b.many().list) != len(tt.messages) || tt.overflow && b.many().list != nil {
			t.Errorf("%s: overflow %t, %d messages kept", name, b.overflow(), len(b.many().list))
		}
	}
	var b replayBuffer
	if b.add(make([]byte, 2*maxKeptBytes), false); b.overflow() || b.kept == nil {
		t.Error("the request of a server stream was not kept")
	}
}
