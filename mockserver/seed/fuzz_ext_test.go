package seed_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/seed"
)

// Whatever a file says, reading it ends, and with an error that names a line of it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		everything, "projects: [{id: a}]", "clients: [{id: ci, secret: 0123}]\nusers: [{login: x, claims: {a: [~, {b: .inf}]}}]",
		"runs:\n- timeline: &t [{after: 1h, manual: true}]\n- {timeline: *t}", "a: &a [*a]", "? [x]\n: y", "<<: {}", "\xff\xfe", "--- !!binary x", "{",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := seed.Parse([]byte(text))
		if err == nil {
			_, _ = file.Clients(), file.Accounts()
			return
		}
		of := new(seed.Error)
		if !errors.As(err, &of) || len(of.Problems) == 0 {
			t.Fatalf("got %v", err)
		}
		lines := 2 // what YAML calls the line behind the last
		for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(text, end)
		}
		for _, p := range of.Problems {
			if p.Line < 1 || p.Line > lines || p.Text == "" {
				t.Errorf("line %d: %q", p.Line, p.Text)
			}
		}
	})
}
