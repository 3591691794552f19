package fault

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// glyph is a character of a text, and the bytes that it was read from.
type glyph struct {
	r        rune
	from, to int
}

// reading is a text as a search sees it: without what cannot be seen, and in one case.
type reading struct {
	text  string
	at    []glyph // the glyph of each character
	index []int   // of each byte of text: which glyph it belongs to
}

// rereadings is how many layers of encoding are taken off.
const rereadings = 3

// views are the readings of one text that a search goes through: as it is, and without
// white space.
type views struct{ plain, joined reading }

// readings returns text as it is, and with one layer of encoding after the other taken
// off.
func readings(text string) []views {
	g := glyphs(text)
	all := []views{{folded(g, false), folded(g, true)}}
	for range rereadings {
		next, changed := unescaped(g)
		if !changed {
			break
		}
		g = next
		all = append(all, views{folded(g, false), folded(g, true)})
	}
	return all
}

func (v views) find(n needle) []span {
	if n.joined {
		return v.joined.find(n.text)
	}
	return v.plain.find(n.text)
}

// find returns the places where part is, in the bytes of the text that was read.
func (r reading) find(part string) []span {
	var spans []span
	for start := 0; ; {
		i := strings.Index(r.text[start:], part)
		if i < 0 {
			return spans
		}
		first, last := start+i, start+i+len(part)-1
		spans = append(spans, span{r.at[r.index[first]].from, r.at[r.index[last]].to})
		start = first + 1
	}
}

// glyphs returns the visible characters of text.
func glyphs(text string) []glyph {
	found := make([]glyph, 0, len(text))
	for i, r := range text {
		size := utf8.RuneLen(r)
		if r == unicode.ReplacementChar {
			_, size = utf8.DecodeRuneInString(text[i:])
		}
		if !invisible(r) {
			found = append(found, glyph{r, i, i + size})
		}
	}
	return found
}

// folded returns g in one case; joined leaves out white space, and the plus signs that
// stand for it in forms.
func folded(g []glyph, joined bool) reading {
	var r reading
	var b strings.Builder
	for _, one := range g {
		if invisible(one.r) || joined && (unicode.IsSpace(one.r) || one.r == '+') {
			continue
		}
		before := b.Len()
		b.WriteRune(fold(one.r))
		for range b.Len() - before {
			r.index = append(r.index, len(r.at))
		}
		r.at = append(r.at, one)
	}
	r.text = b.String()
	return r
}

// fold returns the first of the characters that differ from r in case only.
func fold(r rune) rune {
	if r < utf8.RuneSelf && r != 'k' && r != 's' { // the two with relatives elsewhere
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	return first
}

// unescaped takes one layer of percent, JSON or HTML encoding off, and reports whether
// there was any.
func unescaped(g []glyph) (plain []glyph, changed bool) {
	plain = make([]glyph, 0, len(g))
	for i := 0; i < len(g); {
		decoded, used := escape(g[i:])
		if used == 0 {
			plain = append(plain, g[i])
			i++
			continue
		}
		for _, r := range decoded {
			plain = append(plain, glyph{r, g[i].from, g[i+used-1].to})
		}
		changed = true
		i += used
	}
	return plain, changed
}

// escape decodes the escape sequence that g begins with, and returns how many characters
// it has; 0 for none.
func escape(g []glyph) (decoded []rune, used int) {
	switch {
	case len(g) < 2:
		return nil, 0
	case g[0].r == '%', g[0].r == '\\' && g[1].r == 'x':
		return escapedBytes(g)
	case g[0].r == '\\' && g[1].r == 'u':
		return escapedUnits(g)
	case g[0].r == '\\' && strings.ContainsRune("nrtbfva", g[1].r):
		return nil, 2
	case g[0].r == '\\':
		return []rune{g[1].r}, 2
	case g[0].r == '&':
		return entity(g)
	default:
		return nil, 0
	}
}

// escapedBytes decodes bytes, as %C3 or \xc3, that together are one character.
func escapedBytes(g []glyph) ([]rune, int) {
	lead := 1
	if g[0].r == '\\' {
		lead = 2
	}
	var encoded []byte
	for used := 0; len(encoded) < utf8.UTFMax; {
		rest := g[used:]
		if len(rest) < lead+2 || rest[0].r != g[0].r || lead == 2 && rest[1].r != 'x' {
			break
		}
		value, ok := hexOf(rest[lead : lead+2])
		if !ok {
			break
		}
		used += lead + 2
		encoded = append(encoded, byte(value)) //nolint:gosec // two hex digits
		if r, _ := utf8.DecodeRune(encoded); r != utf8.RuneError {
			return []rune{r}, used
		}
	}
	if len(encoded) == 0 {
		return nil, 0
	}
	return nil, lead + 2 // a byte that is no UTF-8
}

// escapedUnits decodes \u00fc, or two of them that are one character.
func escapedUnits(g []glyph) ([]rune, int) {
	const size = len(`\u0000`)
	if len(g) < size {
		return nil, 0
	}
	unit, ok := hexOf(g[2:size])
	if !ok {
		return nil, 0
	}
	r := rune(unit) //nolint:gosec // four hex digits
	if utf16.IsSurrogate(r) && len(g) >= 2*size && g[size].r == '\\' && g[size+1].r == 'u' {
		if low, ok := hexOf(g[size+2 : 2*size]); ok {
			return []rune{utf16.DecodeRune(r, rune(low))}, 2 * size //nolint:gosec // four hex digits
		}
	}
	return []rune{r}, size
}

// entity decodes an entity of HTML that ends in a semicolon.
func entity(g []glyph) ([]rune, int) {
	const longest = 12
	var b strings.Builder
	for i, one := range g[:min(len(g), longest)] {
		b.WriteRune(one.r)
		if one.r != ';' {
			continue
		}
		if decoded := html.UnescapeString(b.String()); decoded != b.String() {
			return []rune(decoded), i + 1
		}
		break
	}
	return nil, 0
}

func hexOf(g []glyph) (uint64, bool) {
	var b strings.Builder
	for _, one := range g {
		b.WriteRune(one.r)
	}
	value, err := strconv.ParseUint(b.String(), 16, 32)
	return value, err == nil
}
