package backend

import (
	"strings"
	"unicode/utf8"
)

// like reports whether text matches a pattern of SQL's LIKE: % is any text, _ any
// character, and a backslash makes the next character literal.
func like(text, pattern string) bool {
	// When the rest does not match, only the last % can cover more: back is where.
	backText, backPattern := "", ""
	back := false
	for {
		head, size, kind := patternHead(pattern)
		_, n := utf8.DecodeRuneInString(text)
		switch {
		case kind == anyText:
			back, backText, backPattern = true, text, pattern[size:]
			pattern = pattern[size:]
		case kind == patternEnd && text == "":
			return true
		case kind != patternEnd && text != "" && (kind == anyRune || head == text[:n]):
			text, pattern = text[n:], pattern[size:]
		case back && backText != "":
			_, n = utf8.DecodeRuneInString(backText)
			backText = backText[n:]
			text, pattern = backText, backPattern
		default:
			return false
		}
	}
}

type patternKind int

const (
	patternEnd patternKind = iota
	oneRune
	anyRune
	anyText
)

// patternHead returns the first element of a pattern, its length there, and its kind.
func patternHead(pattern string) (head string, size int, kind patternKind) {
	if pattern == "" {
		return "", 0, patternEnd
	}
	escaped := 0
	switch {
	case pattern[0] == '%':
		return "", 1, anyText
	case pattern[0] == '_':
		return "", 1, anyRune
	case pattern[0] == '\\' && len(pattern) > 1:
		escaped = 1
	}
	_, n := utf8.DecodeRuneInString(pattern[escaped:])
	return pattern[escaped : escaped+n], escaped + n, oneRune
}

// literalPattern returns the pattern that text alone matches.
func literalPattern(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
