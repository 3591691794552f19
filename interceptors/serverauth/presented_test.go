package serverauth

import (
	"strings"
	"testing"
)

func FuzzParseCredential(f *testing.F) {
	for _, s := range []string{"Bearer abc", "abc", "", " ", "Bearer ", "Bearer  abc", "a b c", "Bearer\x00abc", "Bearer \u00a0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		scheme, token, ok := parseCredential(value)
		if !ok {
			return
		}
		if token == "" || strings.ContainsAny(scheme+token, " \t\r\n\x00") {
			t.Errorf("%q gave scheme %q and token %q", value, scheme, token)
		}
		if !strings.HasPrefix(value, scheme) || !strings.HasSuffix(value, token) {
			t.Errorf("%q gave scheme %q and token %q, which it does not consist of", value, scheme, token)
		}
	})
}
