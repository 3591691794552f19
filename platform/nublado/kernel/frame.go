package kernel

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coder/websocket"
)

// The parts of a binary frame, in order. What follows them are buffers.
const (
	partChannel = iota
	partHeader
	partParent
	partMetadata
	partContent
	partCount
)

// word is the size of a number in a binary frame: little-endian, 64 bits.
const word = 8

// binaryForm is v1.kernel.websocket.jupyter.org: the number of offsets, the offsets of the
// parts and of the end, then the parts.
type binaryForm struct{}

func (binaryForm) encode(h header, content any) (websocket.MessageType, []byte, error) {
	head, err := json.Marshal(h)
	if err != nil {
		return 0, nil, err
	}
	body, err := json.Marshal(content)
	if err != nil {
		return 0, nil, err
	}
	return websocket.MessageBinary, appendFrame(nil, []byte("shell"), head, []byte("{}"), []byte("{}"), body), nil
}

func (binaryForm) decode(t websocket.MessageType, frame []byte) (message, error) {
	if t != websocket.MessageBinary {
		return message{}, errors.New("a text frame came where binary ones were agreed on")
	}
	parts, err := splitFrame(frame)
	if err != nil {
		return message{}, err
	}
	return newMessage(parts[partHeader], parts[partParent], json.RawMessage(parts[partContent]))
}

// appendFrame appends the frame of these parts to b.
func appendFrame(b []byte, parts ...[]byte) []byte {
	offsets := len(parts) + 1
	b = binary.LittleEndian.AppendUint64(b, uint64(offsets))
	at := uint64(word * (1 + offsets))
	b = binary.LittleEndian.AppendUint64(b, at)
	for _, part := range parts {
		at += uint64(len(part))
		b = binary.LittleEndian.AppendUint64(b, at)
	}
	for _, part := range parts {
		b = append(b, part...)
	}
	return b
}

// splitFrame returns the parts of a frame, which share its memory, without the buffers.
func splitFrame(frame []byte) (parts [partCount][]byte, err error) {
	if len(frame) < word {
		return parts, fmt.Errorf("a frame of %d bytes is too short", len(frame))
	}
	offsets := binary.LittleEndian.Uint64(frame)
	if limit := uint64(len(frame)) / word; offsets <= partCount || offsets >= limit {
		return parts, fmt.Errorf("a frame of %d bytes says that it has %d offsets", len(frame), offsets)
	}
	last := word * (1 + offsets) // where the parts begin
	for i := range offsets {
		at := binary.LittleEndian.Uint64(frame[word*(1+i):])
		if at < last || at > uint64(len(frame)) {
			return parts, fmt.Errorf("offset %d of a frame of %d bytes is %d", i, len(frame), at)
		}
		if 0 < i && i <= partCount {
			parts[i-1] = frame[last:at:at] //nolint:gosec // i is 1 to partCount
		}
		last = at
	}
	return parts, nil
}
