package fault_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/jetway-go/jetway/internal/fault"
)

func TestSecretsAreRemoved(t *testing.T) {
	t.Parallel()
	s := &fault.Secrets{}
	s.Add("long secret/ü", "long secret/ü and more", "", "xy")
	for in, want := range map[string]string{
		"nothing here":                            "nothing here",
		"a long secret/ü b":                       "a [redacted] b",
		"a LONG SECRET/ü b":                       "a [redacted] b",
		"long secret/ü and more":                  "[redacted]",
		"form: long+secret%2F%C3%BC;":             "form: [redacted];",
		"form: long+secret%2f%c3%bc;":             "form: [redacted];",
		"path: long%20secret%2F%C3%BC;":           "path: [redacted];",
		`quoted: long secret/\u00fc;`:             "quoted: [redacted];",
		"twice long secret/ü,long secret/ü":       "twice [redacted],[redacted]",
		"spells xy out":                           "[redacted]",
		"two\nlines\tand\x00 \u200bmore":          "two lines and more",
		"invalid \xff\xfe bytes":                  "invalid bytes",
		"split by a line long\nsecret/ü":          "split by a line [redacted]",
		strings.Repeat("é", 50):                   strings.Repeat("é", 26) + "…" + strings.Repeat("é", 13),
		strings.Repeat(".", 31) + "long secret/ü": strings.Repeat(".", 26) + "…...[redacted]",
	} {
		if got := s.Text(in, 40); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// Whatever a server does to a secret that it repeats, an error does not show it.
func TestSecretsAreFoundInEveryDisguise(t *testing.T) {
	t.Parallel()
	const secret = "Refresh-canary_0123/x+y=~ß"
	every := func(between string) string {
		var b strings.Builder
		for i, r := range secret {
			if i > 0 {
				b.WriteString(between)
			}
			b.WriteRune(r)
		}
		return b.String()
	}
	percent, entities := "", ""
	for _, c := range []byte(secret) {
		percent += fmt.Sprintf("%%%02x", c)
	}
	for _, r := range secret {
		entities += fmt.Sprintf("&#x%x;", r)
	}
	std, raw := base64.StdEncoding, base64.RawURLEncoding
	encoded := std.EncodeToString([]byte("grant_type=refresh_token&refresh_token=" + secret + "&client_id=cli"))
	for name, echo := range map[string]string{
		"as it is":             secret,
		"upper case":           strings.ToUpper(secret),
		"lower case":           strings.ToLower(secret),
		"line breaks":          secret[:8] + "\r\n" + secret[8:16] + "\n\t " + secret[16:],
		"spaces":               every(" "),
		"zero width":           every("\u200b"),
		"word joiners":         every("\u2060"),
		"soft hyphens":         every("\u00ad"),
		"variation selectors":  every("\ufe0f"),
		"turned around":        "\u202e" + every("\u2066") + "\u202c",
		"escape sequences":     secret[:5] + "\x1b" + secret[5:],
		"line separator":       secret[:9] + "\u2028" + secret[9:],
		"form":                 url.QueryEscape(secret),
		"form, twice":          url.QueryEscape(url.QueryEscape(secret)),
		"every byte":           percent,
		"every byte, upper":    strings.ToUpper(percent),
		"path":                 url.PathEscape(secret),
		"HTML":                 html.EscapeString(secret),
		"entities":             entities,
		"Go":                   strings.Trim(fmt.Sprintf("%+q", secret), `"`),
		"slashes":              strings.ReplaceAll(secret, "/", `\/`),
		"hex":                  hex.EncodeToString([]byte(secret)),
		"base64":               std.EncodeToString([]byte(secret)),
		"base64 for URLs":      raw.EncodeToString([]byte(secret)),
		"base64, one before":   std.EncodeToString([]byte("a" + secret + "b")),
		"base64, two before":   raw.EncodeToString([]byte("ab" + secret)),
		"base64 of a form":     encoded,
		"base64 on two lines":  encoded[:64] + "\r\n" + encoded[64:],
		"base64, upper case":   strings.ToUpper(encoded),
		"base64, percent":      url.QueryEscape(encoded),
		"base64 of the escape": std.EncodeToString([]byte("t=" + url.QueryEscape(secret))),
	} {
		s := &fault.Secrets{}
		s.Add(secret)
		got := s.Text("the token "+echo+" is unknown", fault.MaxForeign)
		if want := "the token [redacted] is unknown"; strings.Join(strings.Fields(got), " ") != want && name != "base64 on two lines" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if !s.Find(echo) || !strings.Contains(got, fault.Redacted) {
			t.Errorf("%s: not found in %q", name, echo)
		}
	}
}

func TestTextWithoutSecretsStaysAsItIs(t *testing.T) {
	t.Parallel()
	s := &fault.Secrets{}
	s.Add("correct-horse-battery", "se cret")
	for _, text := range []string{
		"", "100% sure", `C:\users\x`, "a & b; c &amp; d", "Y29ycmVjdA==", "correct horse", "secret", "%zz %4", `\u12`, "correct-horse-batter",
	} {
		if got := s.Scrub(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzSecrets(f *testing.F) {
	f.Add("secret", "the secret is out", "")
	f.Add("s%+ü", "s%25%2B%C3%BC", "x")
	f.Add("redacted", "[redacted]", "r")
	f.Add(`a\u00fcb`, `\u00fc&amp;%`, "%25")
	f.Fuzz(func(t *testing.T, secret, text, other string) {
		s := &fault.Secrets{}
		s.Add(secret, other)
		got := s.Text(text+secret+text, 200)
		if n := len([]rune(got)); n > 200 {
			t.Errorf("%d characters", n)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q can control a terminal", got)
		}
		if len(secret) < 4 || strings.ContainsAny(secret, "[]…") || strings.Contains(strings.ToLower(fault.Redacted), strings.ToLower(secret)) {
			return // text around short ones is dropped, and our own marker may look like the others
		}
		for rest := range strings.SplitSeq(got, fault.Redacted) {
			if strings.Contains(strings.ToLower(rest), strings.ToLower(secret)) {
				t.Errorf("%q is left in %q", secret, got)
			}
		}
	})
}
