package transfer

import (
	"errors"
	"fmt"
	"testing"
)

func TestContentRange(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]int64{
		"bytes 0-4/10":                    {0, 4, 10},
		"Bytes 5-9/10":                    {5, 9, 10},
		" bytes  5-9/ 10 ":                {5, 9, 10},
		"bytes 0-0/*":                     {0, 0, -1},
		"bytes 0-0/9223372036854775807":   {0, 0, 9223372036854775807},
		"bytes 0-10/10":                   {},
		"bytes 5-4/10":                    {},
		"bytes 0-4":                       {},
		"bytes 0-4/":                      {},
		"bytes */10":                      {},
		"bytes -4/10":                     {},
		"bytes 0-+4/10":                   {},
		"bytes 0--4/10":                   {},
		"bytes 0-4/9223372036854775808":   {},
		"bytes 0x0-0x4/10":                {},
		"items 0-4/10":                    {},
		"bytes=0-4/10":                    {},
		"":                                {},
		"bytes 0-4/10, bytes 5-9/10":      {},
		"bytes 0-9223372036854775807/*":   {0, 9223372036854775807, -1},
		"bytes 0-18446744073709551615/10": {},
	} {
		first, last, total, err := contentRange(text)
		if got := [3]int64{first, last, total}; got != want || (err != nil) != (want == [3]int64{}) || err != nil && !errors.Is(err, errBadRange) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	for _, text := range []string{"bytes 0-4/10", "bytes 0-0/*", "BYTES 1-1/2", "bytes 5-4/3", "bytes 0-9223372036854775807/*", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, last, total, err := contentRange(text)
		if err != nil {
			if first != 0 || last != 0 || total != 0 || len(err.Error()) > 500 {
				t.Errorf("%d-%d/%d, %v", first, last, total, err)
			}
			return
		}
		if first < 0 || last < first || total != -1 && total <= last {
			t.Fatalf("%q is no part: %d-%d/%d", text, first, last, total)
		}
		size := fmt.Sprint(total)
		if total == -1 {
			size = "*"
		}
		if a, b, c, err := contentRange(fmt.Sprintf("bytes %d-%d/%s", first, last, size)); a != first || b != last || c != total || err != nil {
			t.Errorf("%q: %d-%d/%d became %d-%d/%d, %v", text, first, last, total, a, b, c, err)
		}
	})
}
