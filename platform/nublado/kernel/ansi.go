package kernel

import (
	"strings"
	"unicode"
)

const (
	escape = '\x1b'
	csi    = '\u009b' // escape and [ in one
)

// plain returns text without what controls a terminal: the escape sequences with which
// kernels colour their tracebacks, and control characters other than line ends and tabs.
func plain(text string) string {
	if !strings.ContainsFunc(text, controls) {
		return text
	}
	var b strings.Builder
	for text != "" {
		at := strings.IndexFunc(text, controls)
		if at < 0 {
			break
		}
		b.WriteString(text[:at])
		text = afterControl(text[at:])
	}
	return b.String() + text
}

func controls(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// afterControl returns what follows the control character or sequence at the beginning.
func afterControl(text string) string {
	first, rest := cutRune(text)
	kind := rune(csi)
	switch {
	case first == escape:
		kind, rest = cutRune(rest)
	case first != csi:
		return rest
	}
	switch kind {
	case '[', csi: // parameters, then a letter
		end := strings.IndexFunc(rest, func(r rune) bool { return r < ' ' || r >= '@' })
		return from(rest, end)
	case ']', 'P', 'X', '^', '_': // a string up to BEL or ESC \
		end := strings.IndexAny(rest, "\a\x1b\n")
		if end < 0 || rest[end] == '\n' {
			return rest[max(end, 0):]
		}
		return strings.TrimPrefix(from(rest, end), "\\")
	case '(', ')', '*', '+', '#', '%', ' ': // one more character
		_, rest = cutRune(rest)
		return rest
	default:
		if controls(kind) {
			return text[1:]
		}
		return rest
	}
}

// from returns text after the character at end; a control character stays, since it is no
// part of a sequence.
func from(text string, end int) string {
	switch {
	case end < 0:
		return ""
	case text[end] < ' ' && text[end] != '\a' && text[end] != escape:
		return text[end:]
	default:
		_, rest := cutRune(text[end:])
		return rest
	}
}

func cutRune(text string) (first rune, rest string) {
	for i, r := range text {
		if i > 0 {
			return first, text[i:]
		}
		first = r
	}
	return first, ""
}
