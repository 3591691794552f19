package browser

import (
	"os/exec"
	"strings"
)

// chosen reads $BROWSER: command lines separated as paths are in PATH, with %s where the
// address goes, or else at the end. Spaces separate words, unless they are quoted; a
// command line, or all of $BROWSER, that is the path of a program is that program, with
// the spaces in it. Nothing else has a meaning.
func (l Launcher) chosen(list, address string) [][]string {
	if l.isProgram(list) {
		return [][]string{{strings.TrimSpace(list), address}}
	}
	separator := ':'
	if l.goos() == "windows" {
		separator = ';'
	}
	var all [][]string
	for _, line := range l.split(list, func(r rune) bool { return r == separator }, true) {
		words := l.split(line, isSpace, false)
		if l.isProgram(line) {
			words = []string{strings.TrimSpace(line)}
		}
		if len(words) == 0 || words[0] == "" || strings.Contains(words[0], "%s") {
			continue // the program comes from $BROWSER, never from the address
		}
		argv, placed := words[:1:1], false
		for _, word := range words[1:] {
			placed = placed || strings.Contains(word, "%s")
			argv = append(argv, strings.ReplaceAll(word, "%s", address))
		}
		if !placed {
			argv = append(argv, address)
		}
		all = append(all, argv)
	}
	return all
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

// isProgram reports whether text with a space in it is, as it is, a program.
func (l Launcher) isProgram(text string) bool {
	text = strings.TrimSpace(text)
	if !strings.ContainsFunc(text, isSpace) || strings.Contains(text, "%s") {
		return false
	}
	find := l.LookPath
	if find == nil {
		find = exec.LookPath
	}
	_, err := find(text)
	return err == nil
}

// split splits text at separators outside of quotes, and returns the parts without the
// quotes, or as they are if whole is set. A backslash keeps a space, a quote or a
// backslash after it as it is, except on Windows, where it separates directories. A quote
// that is not closed has no meaning.
func (l Launcher) split(text string, separates func(rune) bool, whole bool) []string {
	var parts []string
	var part strings.Builder
	var quote rune
	inside, escaped := false, false
	for i, r := range text {
		plain := false
		switch {
		case escaped:
			escaped, plain = false, true
		case r == '\\' && quote != '\'' && l.escapes(text[i+1:]):
			escaped, inside = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			plain = true
		case (r == '"' || r == '\'') && strings.ContainsRune(text[i+1:], r):
			quote, inside = r, true
		case separates(r):
			if inside {
				parts = append(parts, part.String())
			}
			part.Reset()
			inside = false
			continue
		default:
			plain = true
		}
		if plain || whole {
			part.WriteRune(r)
			inside = true
		}
	}
	if inside {
		parts = append(parts, part.String())
	}
	return parts
}

// escapes reports whether a backslash before rest has a meaning.
func (l Launcher) escapes(rest string) bool {
	return l.goos() != "windows" && rest != "" && strings.ContainsRune(` "'\`+"\t", rune(rest[0]))
}
