package secrettest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
)

// Form is one spelling of a secret.
type Form struct {
	// Name says what spells like this.
	Name string
	// Text is the spelling.
	Text string
}

// Forms are the spellings in which a secret would be none any more: its own, and
// those that printing, quoting, a form, a page, a header or a URL give it. Spellings
// that are alike come once, named by the first. An empty secret has no form.
func Forms(secret string) []Form {
	var forms []Form
	seen := map[string]bool{"": true}
	for _, f := range []Form{
		{"as it is", secret},
		{"JSON", inJSON(secret)},
		{"Go string", strings.Trim(fmt.Sprintf("%q", secret), `"`)},
		{"hex", fmt.Sprintf("%x", secret)},
		{"HEX", fmt.Sprintf("%X", secret)},
		{"hex with spaces", fmt.Sprintf("% x", secret)},
		{"bytes", strings.Trim(fmt.Sprint([]byte(secret)), "[]")},
		{"query", url.QueryEscape(secret)},
		{"path", url.PathEscape(secret)},
		{"HTML", html.EscapeString(secret)},
		{"base64", within(base64.StdEncoding, 0, secret)},
		{"base64 behind 1 byte", within(base64.StdEncoding, 1, secret)},
		{"base64 behind 2 bytes", within(base64.StdEncoding, 2, secret)},
		{"base64 for URLs", within(base64.URLEncoding, 0, secret)},
		{"base64 for URLs behind 1 byte", within(base64.URLEncoding, 1, secret)},
		{"base64 for URLs behind 2 bytes", within(base64.URLEncoding, 2, secret)},
	} {
		if !seen[f.Text] {
			seen[f.Text] = true
			forms = append(forms, f)
		}
	}
	return forms
}

// within is what s is encoded to behind so many bytes more than a multiple of three,
// as in user:password, less the letters that it shares with its neighbours. Of a very
// short s that is nothing: so few letters are found anywhere.
func within(e *base64.Encoding, before int, s string) string {
	if len(s) < 6 {
		return ""
	}
	text := e.EncodeToString([]byte("::"[:before] + s))
	return text[(before*8+5)/6 : (before+len(s))*8/6]
}

func inJSON(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(text[1 : len(text)-1])
}
