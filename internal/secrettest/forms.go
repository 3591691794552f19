package secrettest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
)

// Form is one encoding of a secret.
type Form struct {
	// Name is the name of the encoding.
	Name string
	// Text is the encoded secret.
	Text string
}

// Forms returns the encodings that reveal a secret: the secret itself, and those of
// printing, quoting, an HTML form, a page, a header or a URL. Equal encodings are
// returned once, under the name of the first. An empty secret has none.
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

// within returns the encoding of s after before bytes of other text, as in user:password,
// without the letters that also depend on the text around it. It is empty for a very
// short s, whose few letters could appear anywhere.
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
