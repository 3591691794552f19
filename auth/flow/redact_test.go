package flow

import (
	"strings"
	"testing"
)

func TestScrubber(t *testing.T) {
	t.Parallel()
	s := &scrubber{}
	s.add("long secret/ü", "long secret/ü and more", "", "xy")
	tests := map[string]string{
		"nothing here":                            "nothing here",
		"a long secret/ü b":                       "a [redacted] b",
		"a LONG SECRET/ü b":                       "a [redacted] b",
		"long secret/ü and more":                  "[redacted]",
		"form: long+secret%2F%C3%BC;":             "form: [redacted];",
		"form: long+secret%2f%c3%bc;":             "form: [redacted];",
		"path: long%20secret%2F%C3%BC;":           "path: [redacted];",
		`quoted: long secret/\u00fc;`:             "quoted: [redacted];",
		"twice long secret/ü,long secret/ü":       "twice [redacted],[redacted]",
		"spells xy out":                           "[redacted]",
		"two\nlines\tand\x00 \u200bmore":          "two lines and more",
		"invalid \xff\xfe bytes":                  "invalid bytes",
		"split by a line long\nsecret/ü":          "split by a line [redacted]",
		strings.Repeat("é", 50):                   strings.Repeat("é", 39) + "…",
		strings.Repeat(".", 38) + "long secret/ü": strings.Repeat(".", 38) + "[…",
	}
	for in, want := range tests {
		if got := s.text(in, 40); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func containsFold(text, part string) bool { return strings.Contains(lower(text), lower(part)) }

func FuzzScrubber(f *testing.F) {
	f.Add("secret", "the secret is out", "")
	f.Add("s%+ü", "s%25%2B%C3%BC", "x")
	f.Add("redacted", "[redacted]", "r")
	f.Fuzz(func(t *testing.T, secret, text, other string) {
		s := &scrubber{}
		s.add(secret, other)
		got := s.text(text+secret+text, 200)
		if n := len([]rune(got)); n > 200 {
			t.Errorf("%d characters", n)
		}
		if len(secret) < 4 || strings.ContainsAny(secret, "[]…") || containsFold(redacted, secret) {
			return // text environment short ones is dropped, and our own marker may look like the others
		}
		if rest := strings.ReplaceAll(got, redacted, "|"); containsFold(rest, secret) {
			t.Errorf("%q is left in %q", secret, got)
		}
	})
}
