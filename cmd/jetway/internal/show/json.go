package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Line writes one value as one line of JSON.
func Line(out io.Writer, value any) error {
	text, err := compact(value)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

// compact returns value as JSON on one line. The text of protojson changes from run to
// run by design, so it is formatted again.
func compact(value any) ([]byte, error) {
	text, err := marshal(value)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Compact(&b, text)
	return escaped(b.Bytes()), err
}

func indented(value any) ([]byte, error) {
	text, err := marshal(value)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, text, "", "  ")
	b.WriteByte('\n')
	return escaped(b.Bytes()), err
}

// escaped returns JSON, or YAML in quotes, with those characters escaped that both let pass and that a
// terminal obeys. They are inside of strings, where an escape means the same.
func escaped(text []byte) []byte {
	if !bytes.ContainsFunc(text, escapes) {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for _, r := range string(text) {
		if escapes(r) {
			out = fmt.Appendf(out, "\\u%04x", r)
		} else {
			out = append(out, string(r)...)
		}
	}
	return out
}

// escapes reports whether r has to be escaped for a terminal; line breaks are the format's.
func escapes(r rune) bool { return r != '\n' && commands(r) }

// marshal returns value as JSON: a message as protojson has it, a list of messages as a
// list of those.
func marshal(value any) ([]byte, error) {
	if m, ok := value.(proto.Message); ok {
		return protojson.Marshal(m)
	}
	return json.Marshal(value)
}

// Messages returns a list of messages as a [View] takes it for its Value.
func Messages[M proto.Message](list []M) any {
	out := make([]message, len(list))
	for i, m := range list {
		out[i] = message{m}
	}
	return out
}

// message is one that encoding/json writes as protojson does.
type message struct{ m proto.Message }

func (m message) MarshalJSON() ([]byte, error) { return protojson.Marshal(m.m) }

func asYAML(value any) ([]byte, error) {
	text, err := compact(value) // whose escapes YAML understands; it takes no bare control characters
	if err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil { // JSON is YAML, and a Node keeps its order
		return nil, err
	}
	block(&node)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(&node), e.Close()); err != nil {
		return nil, err
	}
	return escaped(out.Bytes()), nil
}

// block makes of a document in JSON's style one in YAML's. A text with characters that a
// terminal obeys stays quoted, so that they are escaped.
func block(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle
	if !strings.ContainsFunc(n.Value, escapes) {
		n.Style &^= yaml.DoubleQuotedStyle
	}
	for _, c := range n.Content {
		block(c)
	}
}
