package kernel

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coder/websocket"
)

// textForm is JSON in text frames, which every server knows. A message with buffers comes
// in a binary frame: the number of its parts and their offsets, in 32 bits big-endian, then
// the JSON, then the buffers.
type textForm struct{}

// textMessage is a message in that form.
type textMessage struct {
	Header   json.RawMessage   `json:"header"`
	Parent   json.RawMessage   `json:"parent_header"`
	Metadata struct{}          `json:"metadata"`
	Content  json.RawMessage   `json:"content"`
	Channel  string            `json:"channel"`
	Buffers  []json.RawMessage `json:"buffers"`
}

func (textForm) encode(h header, content any) (websocket.MessageType, []byte, error) {
	head, err := json.Marshal(h)
	if err != nil {
		return 0, nil, err
	}
	body, err := json.Marshal(content)
	if err != nil {
		return 0, nil, err
	}
	frame, err := json.Marshal(textMessage{
		Header: head, Parent: json.RawMessage("{}"), Content: body, Channel: "shell", Buffers: []json.RawMessage{},
	})
	return websocket.MessageText, frame, err
}

func (textForm) decode(t websocket.MessageType, frame []byte) (message, error) {
	if t == websocket.MessageBinary {
		var err error
		if frame, err = withoutBuffers(frame); err != nil {
			return message{}, err
		}
	}
	var m struct {
		Header  json.RawMessage `json:"header"`
		Parent  json.RawMessage `json:"parent_header"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(frame, &m); err != nil {
		return message{}, fmt.Errorf("a frame cannot be read: %w", err)
	}
	return newMessage(m.Header, m.Parent, m.Content)
}

// withoutBuffers returns the first part of a binary frame, which is JSON.
func withoutBuffers(frame []byte) ([]byte, error) {
	const size = 4
	if len(frame) < size {
		return nil, fmt.Errorf("a frame of %d bytes is too short", len(frame))
	}
	parts := uint64(binary.BigEndian.Uint32(frame))
	begin := size * (1 + parts) // of the first part, by the number of parts
	if parts == 0 || begin > uint64(len(frame)) {
		return nil, fmt.Errorf("a frame of %d bytes says that it has %d parts", len(frame), parts)
	}
	end := uint64(len(frame))
	if parts > 1 {
		end = uint64(binary.BigEndian.Uint32(frame[2*size:]))
	}
	if uint64(binary.BigEndian.Uint32(frame[size:])) != begin || end < begin || end > uint64(len(frame)) {
		return nil, errors.New("the offsets of a frame are not those of its parts")
	}
	return frame[begin:end], nil
}
