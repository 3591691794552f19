package flow

import (
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const redacted = "[redacted]"

// scrubber removes secrets from text that a server or program wrote.
type scrubber struct {
	needles []string // lower case; longest first, so that none leaves a piece of another
}

// add adds secrets, in every spelling in which a server may repeat them.
func (s *scrubber) add(secrets ...string) {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		quoted := strconv.Quote(secret)
		ascii := strconv.QuoteToASCII(secret)
		asJSON, _ := json.Marshal(secret) //nolint:errchkjson // strings always marshal
		for _, spelling := range []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
			quoted[1 : len(quoted)-1], ascii[1 : len(ascii)-1], string(asJSON[1 : len(asJSON)-1]),
		} {
			s.needles = append(s.needles, lower(spelling))
		}
	}
	slices.SortFunc(s.needles, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	s.needles = slices.Compact(s.needles)
}

// finds reports whether text holds a secret.
func (s *scrubber) finds(text string) bool {
	low := lower(text)
	return slices.ContainsFunc(s.needles, func(n string) bool { return strings.Contains(low, n) })
}

// scrub returns text without secrets, in upper or lower case: percent-encoding uses
// both. Text with a very short secret is dropped as a whole: the remainder would reveal
// the secret.
func (s *scrubber) scrub(text string) string {
	low := lower(text)
	for _, needle := range s.needles {
		if !strings.Contains(low, needle) {
			continue
		}
		if len(needle) < 4 {
			return redacted
		}
		text = replaceLower(text, needle, redacted)
		low = lower(text)
	}
	return text
}

// replaceLower replaces needle, which is in lower case, in text, which need not be.
func replaceLower(text, needle, by string) string {
	low := lower(text)
	var b strings.Builder
	for {
		i := strings.Index(low, needle)
		if i < 0 {
			return b.String() + text
		}
		b.WriteString(text[:i] + by)
		text, low = text[i+len(needle):], low[i+len(needle):]
	}
}

// lower is strings.ToLower for ASCII only, which keeps every byte's place.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// text makes foreign text fit for an error: without secrets, on one line, at most limit
// characters. It is cut last, so that no half of a secret stays.
func (s *scrubber) text(foreign string, limit int) string {
	return cut(s.scrub(oneLine(s.scrub(foreign))), limit)
}

// cleaned is text for foreign text that can hold no secret.
func cleaned(foreign string, limit int) string { return cut(oneLine(foreign), limit) }

// oneLine replaces control and invisible characters by single spaces.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

func cut(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
