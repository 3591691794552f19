package signed

import (
	"crypto"
	"testing"
	"time"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", ".", "..", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFUzI1NiJ9.bnVsbA.AA", "a.b.c.d"} {
		f.Add(seed)
	}
	key, err := NewKey()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if key.Signed(text) {
			t.Errorf("took %q for our own", text)
		}
		token, err := Parse(text)
		if err != nil {
			return
		}
		if _, err := token.Verify([]crypto.PublicKey{key.public.Key}, time.Unix(1_800_000_000, 0), "x"); err == nil {
			t.Errorf("took %q", text)
		}
		_ = check(token.says, time.Unix(1_800_000_000, 0), []string{"x"})
	})
}
