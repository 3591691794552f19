package flow

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetway-go/jetway/auth"
)

func FuzzBareToken(f *testing.F) {
	for _, seed := range []string{"abc", " Bearer abc", `"Bearer 'abc'"`, "Bearer", `"`, "''", "token\tabc", "\ufeff"} {
		f.Add(seed, "")
		f.Add(seed, "token")
		f.Add(seed, auth.Raw)
	}
	f.Fuzz(func(t *testing.T, text, scheme string) {
		got := bareToken(text, scheme)
		if again := bareToken(got, scheme); again != got && !strings.HasPrefix(got, byteOrderMark) {
			t.Errorf("%q became %q, and then %q", text, got, again)
		}
		if !strings.Contains(text, got) && !strings.Contains(strings.ReplaceAll(text, "\t", " "), got) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func FuzzUTF8Text(f *testing.F) {
	for _, seed := range []string{"abc", "\ufeffabc", "\xff\xfea\x00b\x00", "\xfe\xff\x00a", "\xff\xfe\x00\xd8", "\xff", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		got := utf8Text(content)
		if utf8.Valid(content) && !utf8.ValidString(got) {
			t.Errorf("%q became %q", content, got)
		}
	})
}
