package fault

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// Redacted stands in place of a secret.
const Redacted = "[redacted]"

const (
	// shortSecret is the length, in characters, below which a text with a secret in it is
	// dropped as a whole: the remainder would reveal the secret.
	shortSecret = 4
	// longSecret is the length from which a secret is found with spaces in it too.
	longSecret = 8
)

// Secrets removes secrets from text that a server or another program wrote. It finds them
// in either case, with line ends, spaces and invisible characters in them, and in the
// encodings in which servers repeat what they were sent: percent, HTML, JSON, base64 and
// hex. The zero value holds none.
type Secrets struct {
	// Mark stands in place of a secret; empty means [Redacted].
	Mark string

	all []string
}

// Add adds secrets; empty ones are ignored.
func (s *Secrets) Add(secrets ...string) {
	for _, secret := range secrets {
		if secret != "" && !slices.Contains(s.all, secret) {
			s.all = append(s.all, secret)
		}
	}
}

// Text returns foreign without secrets, and otherwise as [Foreign] does. It is cut last,
// so that no half of a secret remains.
func (s *Secrets) Text(foreign string, limit int) string { return Foreign(s.Scrub(foreign), limit) }

// Find reports whether text holds a secret.
func (s *Secrets) Find(text string) bool {
	spans, short := s.find(text)
	return short || len(spans) > 0
}

// Scrub returns text with the Mark in place of secrets, and otherwise as it is.
func (s *Secrets) Scrub(text string) string {
	spans, short := s.find(text)
	mark := cmp.Or(s.Mark, Redacted)
	switch {
	case short:
		return mark
	case len(spans) == 0:
		return text
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	end := 0 // of what has been written or redacted
	for _, found := range spans {
		if found.from >= end {
			b.WriteString(text[end:found.from] + mark)
		}
		end = max(end, found.to)
	}
	return b.String() + text[end:]
}

// find returns where secrets are in text; short says that one of them is so short that
// nothing of the text can be shown.
func (s *Secrets) find(text string) (spans []span, short bool) {
	if text == "" || len(s.all) == 0 {
		return nil, false
	}
	views := readings(text)
	for _, secret := range s.all {
		for _, n := range needles(secret, len(text)) {
			for _, v := range views {
				found := v.find(n)
				if len(found) > 0 && n.short {
					return nil, true
				}
				for i := range found {
					if n.base64 {
						found[i] = found[i].wholeRun(text)
					}
				}
				spans = append(spans, found...)
			}
		}
	}
	return spans, false
}

// span is a part of a text.
type span struct{ from, to int }

// wholeRun returns the span with the characters of base64 around it, some of which the
// secret has a part in.
func (s span) wholeRun(text string) span {
	const most = 256
	for range most {
		if s.from == 0 || !isBase64(text[s.from-1]) {
			break
		}
		s.from--
	}
	for range most {
		if s.to == len(text) || !isBase64(text[s.to]) {
			break
		}
		s.to++
	}
	return s
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("+/-_=%", c) >= 0
}

// needle is one form of a secret, as [reading] has it.
type needle struct {
	text   string
	joined bool // without white space and plus signs
	short  bool
	base64 bool
}

// needles returns the forms of a secret that a text of size bytes can hold.
func needles(secret string, size int) []needle {
	plain := folded(glyphs(secret), false)
	if plain.text == "" {
		return nil
	}
	if len(plain.at) < shortSecret {
		return []needle{{text: plain.text, short: true}}
	}
	var found []needle
	add := func(n needle) {
		if len(n.text) <= size*maxGrowth {
			found = append(found, n)
		}
	}
	add(needle{text: plain.text})
	if spaced := strings.ReplaceAll(plain.text, " ", "+"); spaced != plain.text { // in a form
		add(needle{text: spaced})
	}
	if joined := folded(glyphs(secret), true); len(joined.text) >= longSecret {
		add(needle{text: joined.text, joined: true})
	}
	add(needle{text: strings.ToUpper(hex.EncodeToString([]byte(secret)))})
	for _, spelling := range slices.Compact([]string{secret, url.QueryEscape(secret)}) {
		for _, core := range base64Cores(spelling) {
			add(needle{text: folded(glyphs(core), true).text, joined: true, base64: true})
		}
	}
	return found
}

// maxGrowth is how many times longer folding can make a text, in bytes.
const maxGrowth = 3

// base64Cores returns the characters that are the same in every base64 text in which
// secret is encoded, alone or with other text around it.
func base64Cores(secret string) []string {
	var cores []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		cores = append(cores, encoding.EncodeToString([]byte(secret)))
		if len(secret) < longSecret {
			continue
		}
		for before := range 3 {
			core := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
			first := []int{0, 2, 3}[before]
			last := (before + len(secret)) * 8 / 6 // whole characters
			cores = append(cores, core[first:last])
		}
	}
	slices.Sort(cores)
	return slices.Compact(cores)
}
