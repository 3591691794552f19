package authserver

import (
	"net/url"
	"testing"
)

func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"", "grant_type=client_credentials", "a=1&a=2", "resource=x&resource=y", "a=%", "a=%00", "%ff=1", "a;b=c", "=&=", "a==b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, perr := parseForm(body)
		if perr != nil {
			if perr.code != codeInvalidRequest || perr.description == "" {
				t.Errorf("refused with %q %q", perr.code, perr.description)
			}
			return
		}
		want, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("took what is not a form: %v", err)
		}
		for name, values := range got {
			if len(values) > 1 && name != "resource" && name != "audience" {
				t.Errorf("%q has %d values", name, len(values))
			}
			for _, v := range values {
				if v == "" || !clean(v) {
					t.Errorf("%q has value %q", name, v)
				}
			}
			if len(want[name]) == 0 {
				t.Errorf("%q came from nowhere", name)
			}
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"", "Basic", "Basic ", "Basic eDp5", "basic  czZCaGRSa3F0MzpnWDFmQmF0M2JW", "Basic JTp4", "Bearer x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, _, ok := parseBasic(header)
		if ok == (id == "") {
			t.Errorf("ok = %t with id %q", ok, id)
		}
	})
}

// The example of RFC 6749 section 4.1.3.
func TestParseBasicVector(t *testing.T) {
	t.Parallel()
	id, secret, ok := parseBasic("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW")
	if !ok || id != "s6BhdRkqt3" || secret != "gX1fBat3bV" {
		t.Errorf("got %q %q %t", id, secret, ok)
	}
}
