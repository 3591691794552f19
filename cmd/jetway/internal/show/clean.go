package show

import (
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// commands reports whether a terminal obeys r instead of showing it: it moves the cursor,
// begins a command, or changes the direction of the text around it.
func commands(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// Clean returns text with control characters replaced, so that a name which a server
// chose cannot write to the terminal.
func Clean(text string) string { return cleanBut(text, "") }

// CleanLine is [Clean] for a line of a log, which may have tabs.
func CleanLine(text string) string { return cleanBut(text, "\t") }

// CleanText is [Clean] for a text that may have several lines.
func CleanText(text string) string { return cleanBut(text, "\t\n") }

func cleanBut(text, kept string) string {
	return strings.Map(func(r rune) rune {
		if commands(r) && !strings.ContainsRune(kept, r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// Writer returns a writer to a terminal that replaces control characters but tabs and
// the ends of lines. A character may come in two writes; one that never ends is left out.
func Writer(terminal io.Writer) io.Writer { return &cleaner{to: terminal} }

type cleaner struct {
	to   io.Writer
	rest []byte // the beginning of a character
}

func (c *cleaner) Write(p []byte) (int, error) {
	text := slices.Concat(c.rest, p)
	end := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				end = at
			}
			break
		}
	}
	c.rest = append([]byte(nil), text[end:]...)
	if _, err := io.WriteString(c.to, cleanBut(string(text[:end]), "\t\n\r")); err != nil {
		return 0, err
	}
	return len(p), nil
}
