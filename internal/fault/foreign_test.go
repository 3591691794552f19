package fault_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetway-go/jetway/internal/fault"
)

func TestForeignTextControlsNoTerminal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                             "plain",
		" two\r\nlines\t":                   "two lines",
		"\x1b[31mred\x1b[0m":                "[31mred [0m",
		"\u009b31mred":                      "31mred",
		"a\u202eb\u2066c":                   "a b c",
		"zero\u200bwidth\ufeff":             "zero width",
		"tag\U000e0041s":                    "tag s",
		"\u2028line\u2029":                  "line",
		"bad \xff bytes":                    "bad bytes",
		"naïve – ok ✓":                      "naïve – ok ✓",
		strings.Repeat("a", 30) + "because": strings.Repeat("a", 20) + "…aabecause",
	} {
		if got := fault.Foreign(in, 30); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestForeignTextKeepsBeginningAndEnd(t *testing.T) {
	t.Parallel()
	text := "begin" + strings.Repeat("é", 1<<20) + "the reason"
	for _, limit := range []int{0, 1, 2, 3, 40, fault.MaxForeign} {
		got := fault.Foreign(text, limit)
		if n := utf8.RuneCountInString(got); n != limit || !utf8.ValidString(got) {
			t.Errorf("%d characters, want %d: %q", n, limit, got)
		}
		if limit >= 40 && (!strings.HasPrefix(got, "begin") || !strings.HasSuffix(got, "the reason")) {
			t.Errorf("got %q", got)
		}
	}
	if got := fault.Foreign(text[:100], 100); got != text[:99] && got != text[:100] {
		t.Errorf("short text became %q", got)
	}
}

// The message of a backend's status may be a report of several lines.
func TestMessageKeepsLinesAndNothingElseThatControls(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                 "",
		"Collected errors: 2\n\tError 0":   "Collected errors: 2\n\tError 0",
		"one\r\ntwo":                       "one\r\ntwo",
		"a\rb\r\n":                         "a b\r\n", // the first would write over what stands there
		"over\rwritten \x1b]0;title\a end": "over written  ]0;title  end",
		"turned \u202earound":              "turned  around",
	} {
		if got := fault.Message(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	long := fault.Message(strings.Repeat("x\n", 1<<19) + "the reason")
	if n := utf8.RuneCountInString(long); n != fault.MaxMessage || !strings.HasSuffix(long, "the reason") {
		t.Errorf("%d characters, ending in %q", n, long[len(long)-20:])
	}
}
