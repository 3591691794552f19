package flyte

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParseFile(f *testing.F) {
	f.Add([]byte("admin:\n  endpoint: dns:///h\n  insecure: false\n  scopes: [a]\n"))
	f.Add([]byte("admin: &a {command: [x]}\ntask: *a\n"))
	f.Add([]byte("? a\n: !!binary b\n---\n- c"))
	f.Add([]byte("<<: {admin: {}}\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		d, err := parseFile("file", content)
		if err != nil {
			return
		}
		for key, v := range d.values {
			i := slices.IndexFunc(settings(), func(s setting) bool { return s.key == key })
			if i < 0 || d.lines[key] < 1 || !v.set(settings()[i].kind) {
				t.Errorf("%s = %+v in line %d", key, v, d.lines[key])
			}
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{`a 'b c' "d\"e" f\ g`, `''`, `"`, `\`, `a\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := words(s)
		if err != nil || !strings.Contains(s, "'") && len(got) == 0 {
			return
		}
		// Quoting the words anew and splitting that gives the same words.
		quoted := make([]string, 0, len(got))
		for _, w := range got {
			quoted = append(quoted, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
		}
		again, err := words(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(got, again) {
			t.Errorf("%q gave %q, and again %q, %v", s, got, again, err)
		}
	})
}
