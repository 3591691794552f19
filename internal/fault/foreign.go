package fault

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxForeign is how many characters of a text that an authorization server or another
	// program wrote an error shows.
	MaxForeign = 400
	// MaxMessage is how many characters of the message in a backend's status an error
	// shows: some of them are reports of several lines.
	MaxMessage = 4096
)

// Foreign returns a text that another program wrote as an error, a log or a terminal may
// show it: on one line, without characters that control a terminal, cannot be seen or
// turn text around, and at most limit characters. Of a longer text the beginning and the
// end are kept, since some servers put the reason last.
func Foreign(text string, limit int) string { return Cut(oneLine(text), limit) }

// Message is Foreign for the message of a backend's status, of which line ends and tabs
// are kept: it returns at most [MaxMessage] characters.
func Message(text string) string {
	if isClean(text) {
		return Cut(text, MaxMessage)
	}
	lines := strings.Split(text, "\r\n") // a \r elsewhere moves a terminal's cursor
	for i, line := range lines {
		lines[i] = strings.Map(func(r rune) rune {
			if isLayout(r) || !invisible(r) {
				return r
			}
			return ' '
		}, line)
	}
	return Cut(strings.Join(lines, "\r\n"), MaxMessage)
}

func isClean(text string) bool {
	return !strings.ContainsFunc(strings.ReplaceAll(text, "\r\n", ""), func(r rune) bool { return invisible(r) && !isLayout(r) })
}

func isLayout(r rune) bool { return r == '\n' || r == '\t' }

// oneLine replaces what cannot be seen, and white space, by single spaces.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if invisible(r) {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// Visible reports whether all of text can be read: nothing in it controls a terminal, has no
// width, or turns text around.
func Visible(text string) bool { return !strings.ContainsFunc(text, invisible) }

// invisible reports whether r is no character to read: it controls something, has no
// width, changes the direction of the text, or stands for bytes that are not UTF-8.
func invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return !unicode.IsGraphic(r) || r == unicode.ReplacementChar ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Cut returns text with at most limit characters: two thirds from its beginning, and one
// from its end.
func Cut(text string, limit int) string {
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	if limit < 1 {
		return ""
	}
	tail := (limit - 1) / 3
	head := limit - 1 - tail
	from, to := 0, len(text)
	for range head {
		_, size := utf8.DecodeRuneInString(text[from:])
		from += size
	}
	for range tail {
		_, size := utf8.DecodeLastRuneInString(text[:to])
		to -= size
	}
	return text[:from] + "…" + text[to:]
}
