package repertoire

import "testing"

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"services":{"ui":{"nublado":{"url":"https://nb.data.example.org/nb"}}}}`))
	f.Add([]byte(`{"services":{"internal":{"g":{"versions":{"v1":{"url":"https://x"}}}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parse(body)
		if (d == nil) == (err == nil) {
			t.Fatalf("parse = %v, %v", d, err)
		}
		if err == nil {
			for name := range d.Services.UI {
				if u := d.UI(name); u != "" && !isURL(u) {
					t.Errorf("%q was let pass", u)
				}
			}
		}
	})
}
