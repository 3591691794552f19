package kernel

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coder/websocket"
)

// subprotocol is the binary form of messages; without it they are JSON in text frames.
const subprotocol = "v1.kernel.websocket.jupyter.org"

// message is what is read of a message from the kernel.
type message struct {
	kind    string // execute_reply, stream, …
	parent  string // id of the request that it is about; empty: of none
	content json.RawMessage
}

// header is that of a message.
type header struct {
	ID       string `json:"msg_id"`
	Kind     string `json:"msg_type"`
	Session  string `json:"session"`
	User     string `json:"username"`
	Date     string `json:"date"`
	Protocol string `json:"version"`
}

// protocol is the version of the messages, by the kernel's specification.
const protocol = "5.4"

// executeRequest is the content of a request to run code.
type executeRequest struct {
	Code         string            `json:"code"`
	Silent       bool              `json:"silent"`
	StoreHistory bool              `json:"store_history"`
	Expressions  map[string]string `json:"user_expressions"`
	AllowStdin   bool              `json:"allow_stdin"`
	StopOnError  bool              `json:"stop_on_error"`
}

// codec is a form of the messages.
type codec interface {
	// encode returns a request on the channel "shell".
	encode(h header, content any) (websocket.MessageType, []byte, error)
	// decode reads a frame. It allocates no more than a few times the frame's size.
	decode(t websocket.MessageType, frame []byte) (message, error)
}

// codecFor returns the form that the handshake has agreed on.
func codecFor(agreed string) codec {
	if agreed == subprotocol {
		return binaryForm{}
	}
	return textForm{}
}

// parentOf returns the id of the request in a parent header. Another client of the kernel
// chooses its ids as it likes: what is no string is none of ours.
func parentOf(raw json.RawMessage) (id string, err error) {
	var parent struct {
		ID json.RawMessage `json:"msg_id"`
	}
	if len(raw) > 0 && json.Unmarshal(raw, &parent) != nil && !json.Valid(raw) {
		return "", errors.New("its parent header is not JSON")
	}
	_ = json.Unmarshal(parent.ID, &id) // else it is empty
	return id, nil
}

// newMessage returns the message of these parts.
func newMessage(head, parent, content json.RawMessage) (message, error) {
	var h struct {
		Kind string `json:"msg_type"`
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return message{}, fmt.Errorf("its header cannot be read: %w", err)
	}
	id, err := parentOf(parent)
	return message{kind: h.Kind, parent: id, content: content}, err
}
