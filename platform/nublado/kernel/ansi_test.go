package kernel

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlainTextControlsNoTerminal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                   "",
		"plain\n\ttext é":                    "plain\n\ttext é",
		"\x1b[0;31mZero\x1b[0m: \x1b[1mx":    "Zero: x",
		"\x1b[38;5;28;01mdef\x1b[39;00m":     "def",
		"\u009b31mred\u009b0m":               "red",
		"a\x1b]0;title\x07b":                 "ab",
		"a\x1b]8;;http://x\x1b\\link":        "alink",
		"a\x1bP1$r\x1b\\b":                   "ab",
		"\x1b(Bx\x1b=y\x1bcz":                "xyz",
		"cut\x1b":                            "cut",
		"cut\x1b[":                           "cut",
		"cut\x1b[31":                         "cut",
		"cut\x1b]0;endless":                  "cut0;endless",
		"line\x1b]0;title\nnext":             "line\nnext",
		"odd\x1b[31\nnext":                   "odd\nnext",
		"odd\x1b[31\x1b[32mx":                "odd[32mx",
		"\x1b\x1b[31mx":                      "x",
		"bell\a back\b del\x7f nul\x00 \rcr": "bell back del nul cr",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"\x1b[0;31mx\x1b[0m", "\x1b]0;t\x07", "\u009b1m", "\x1b(\x1b", "\xff\x1b\xfe[", "\x1b[é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if !utf8.ValidString(in) {
			return // strings of JSON are valid
		}
		out := plain(in)
		if strings.ContainsFunc(out, controls) || len(out) > len(in) || plain(out) != out {
			t.Errorf("%q became %q", in, out)
		}
		if !strings.ContainsFunc(in, controls) && in != out {
			t.Errorf("%q became %q", in, out)
		}
	})
}
