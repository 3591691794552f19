package flow

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"github.com/jetway-go/jetway/auth"
)

// bareToken returns the token in a text that a person or a program wrote: without a byte
// order mark, white space and quotes around it, and without the scheme in front of it, as
// in "Bearer abc". The scheme is that of the credentials, "" for Bearer; of [auth.Raw] ones,
// whose text is a whole header value, only white space is removed. A scheme with nothing
// behind it is no token.
func bareToken(text, scheme string) string {
	text = strings.TrimSpace(strings.TrimPrefix(text, byteOrderMark))
	if scheme == auth.Raw {
		return text
	}
	if scheme == "" {
		scheme = "Bearer"
	}
	for {
		before := text
		text = withoutQuotes(text)
		first, rest, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
		if strings.EqualFold(first, scheme) {
			text = rest
		}
		if text = strings.TrimSpace(text); text == before {
			return text
		}
	}
}

// withoutQuotes removes one pair of quotes around text.
func withoutQuotes(text string) string {
	const quotes = "\"'`"
	if last := len(text) - 1; last > 0 && strings.IndexByte(quotes, text[0]) >= 0 && text[0] == text[last] {
		return text[1:last]
	}
	return text
}

// utf8Text returns what is in a file or a program's output as UTF-8: some programs of
// Windows write UTF-16, with a byte order mark in front (RFC 2781).
func utf8Text(content []byte) string {
	var order binary.ByteOrder
	switch {
	case len(content)%2 != 0 || len(content) < 2:
		return strings.TrimPrefix(string(content), byteOrderMark)
	case content[0] == 0xff && content[1] == 0xfe:
		order = binary.LittleEndian
	case content[0] == 0xfe && content[1] == 0xff:
		order = binary.BigEndian
	default:
		return strings.TrimPrefix(string(content), byteOrderMark)
	}
	units := make([]uint16, 0, len(content)/2)
	for i := 2; i < len(content); i += 2 {
		units = append(units, order.Uint16(content[i:]))
	}
	return string(utf16.Decode(units))
}
