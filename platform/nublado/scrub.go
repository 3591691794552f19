package nublado

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jetway-go/jetway/internal/fault"
)

const (
	// maxKnown is how many secrets of one visit are remembered, the last ones.
	maxKnown = 64
	// minKnown is the length from which a value can be a secret, in bytes.
	minKnown = 4
)

// known has the secrets of a visit that a server may repeat: cookies, states and codes.
type known struct {
	mu  sync.Mutex
	all []string
}

func (k *known) add(secrets ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range secrets {
		if len(s) < minKnown || len(s) > maxCookie || slices.Contains(k.all, s) {
			continue
		}
		k.all = append(k.all, s)
		if len(k.all) > maxKnown {
			k.all = slices.Delete(k.all, 0, 1)
		}
	}
}

// addQuery adds what a redirect of a login has in its query, and in that of an address in it.
func (k *known) addQuery(u *url.URL, depth int) {
	for name, values := range u.Query() {
		for _, value := range values {
			if isSecretName(name) {
				k.add(value)
			} else if inner, err := url.Parse(value); err == nil && depth > 0 {
				k.addQuery(inner, depth-1)
			}
		}
	}
}

func isSecretName(name string) bool {
	switch strings.ToLower(name) {
	case "state", "code", "_xsrf", "token", "access_token", "xsrf_token":
		return true
	default:
		return false
	}
}

// patterns are the forms of what servers repeat that this client cannot know: its token, which is
// attached below, and values in addresses and pages.
type patterns struct{ token, credentials, query, xsrf *regexp.Regexp }

// forms compiles them at the first use, not in every program that links this package.
var forms = sync.OnceValue(func() patterns { //nolint:gochecknoglobals // a constant, in effect
	return patterns{
		token:       regexp.MustCompile(`(?i)\bgt-[a-z0-9_-]{4,}(?:(?:\.|%2e|&#46;|&period;)[a-z0-9_-]*)?`),
		credentials: regexp.MustCompile(`(?i)\b((?:authorization:\s*)?(?:bearer|basic)|authorization:)\s+[^\s"'<>]+`),
		query:       regexp.MustCompile(`(?i)((?:[?&;]|%(?:25)*3f|%(?:25)*26)(?:state|code|token|access_token)(?:=|%(?:25)*3d))[^&\s"'<>]+`),
		xsrf:        regexp.MustCompile(`(?i)(_?xsrf_?(?:token)?["']?\s*(?:[:=]|%(?:25)*3d)\s*["']?)[^"'\s&<>;,)]+`),
	}
})

// maxMessage is the longest text that is looked at, in bytes: what a message is.
const maxMessage = 16 << 10

// text returns what a server wrote as an error may show it: nothing of one that is too long
// for a message, since to cut it could leave half of a secret.
func (k *known) text(foreign string) string {
	if len(foreign) > maxMessage {
		return ""
	}
	return fault.Cut(k.scrub(fault.Foreign(foreign, len(foreign)+1)), fault.MaxForeign)
}

// scrub returns text without secrets.
func (k *known) scrub(text string) string {
	s := fault.Secrets{}
	k.mu.Lock()
	s.Add(k.all...)
	k.mu.Unlock()
	text = s.Scrub(text)
	f := forms()
	text = f.token.ReplaceAllString(text, fault.Redacted)
	for _, form := range []*regexp.Regexp{f.query, f.xsrf} {
		text = form.ReplaceAllString(text, "${1}"+fault.Redacted)
	}
	return f.credentials.ReplaceAllString(text, "${1} "+fault.Redacted)
}

// message returns what an answer says: the message of a JSON object, or the text of a page.
func (k *known) message(h http.Header, body []byte) string {
	var object struct {
		Message string `json:"message"`
	}
	switch {
	case json.Unmarshal(body, &object) == nil:
		return k.text(object.Message)
	case isPage(h):
		return k.text(strings.Join(strings.Fields(html.UnescapeString(pageText(string(body)))), " "))
	case strings.HasPrefix(h.Get("Content-Type"), "text/plain"):
		return k.text(string(body))
	default:
		return ""
	}
}

// pageText returns the text of a page, without tags, scripts and head.
func pageText(page string) string {
	lower := strings.Map(asciiLower, page)
	if len(lower) != len(page) { // bytes that are no UTF-8
		page = lower
	}
	var b strings.Builder
	for {
		at := strings.IndexByte(page, '<')
		if at < 0 {
			b.WriteString(page)
			return b.String()
		}
		b.WriteString(page[:at] + " ")
		page, lower = page[at+1:], lower[at+1:]
		for _, mark := range endOf(lower) {
			at = strings.Index(lower, mark)
			if at < 0 {
				return b.String()
			}
			page, lower = page[at+len(mark):], lower[at+len(mark):]
		}
	}
}

func asciiLower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// endOf returns what a tag ends with that begins here; of some their content belongs to it.
func endOf(tag string) []string {
	if strings.HasPrefix(tag, "!--") {
		return []string{"-->"}
	}
	for _, name := range []string{"script", "style", "head"} {
		if rest, ok := strings.CutPrefix(tag, name); ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return []string{"</" + name, ">"}
		}
	}
	return []string{">"}
}

// hidden is an error whose text had secrets in it. It does not unwrap, since those below
// have them still.
type hidden struct {
	cause error
	text  string
}

func (e *hidden) Error() string { return e.text }

func (e *hidden) Is(target error) bool { return errors.Is(e.cause, target) }

// cause returns the error of a request without its URL and without secrets.
func (k *known) cause(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	said := err.Error()
	if strings.Contains(said, "Location header") { // which may contain a secret
		return errors.New("it redirects to an invalid address")
	}
	if text := k.scrub(said); text != said {
		return &hidden{err, text}
	}
	return err
}
