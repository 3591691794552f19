package kernel

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

// minSecret is the shortest value that is removed from texts, in bytes. A text with a
// shorter one in it could not be shown at all.
const minSecret = 4

// secretsOf returns what texts of the network and the server must not show: credentials in
// headers, cookies, and the query and the user of the URL.
func secretsOf(u *url.URL, h http.Header, jar http.CookieJar) *fault.Secrets {
	secrets := new(fault.Secrets)
	add := func(value string) {
		if len(value) >= minSecret {
			secrets.Add(value)
		}
	}
	for name, values := range h {
		if !isSecret(name) {
			continue
		}
		for _, value := range values {
			add(value)
			_, token, _ := strings.Cut(value, " ") // behind the scheme
			add(token)
		}
	}
	request := http.Request{Header: h}
	cookies := request.Cookies()
	if jar != nil {
		cookies = append(cookies, jar.Cookies(asHTTP(u))...)
	}
	for _, cookie := range cookies {
		add(cookie.Value)
	}
	for _, values := range u.Query() {
		for _, value := range values {
			add(value)
		}
	}
	add(u.RawQuery)
	if password, ok := u.User.Password(); ok {
		add(password)
	}
	return secrets
}

// isSecret reports whether a header of this name has a credential.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"auth", "cookie", "token", "xsrf", "csrf", "secret", "key"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// asHTTP returns the URL as a cookie jar knows it.
func asHTTP(u *url.URL) *url.URL {
	at := *u
	at.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	return &at
}

// scrub returns the error with a text that is safe to show.
func scrub(err error, secrets *fault.Secrets) error {
	if text := secrets.Text(err.Error(), fault.MaxForeign); text != err.Error() {
		return &scrubbed{err, text}
	}
	return err
}

// scrubbed is an error whose text had something in it that is not to be shown. It does not
// unwrap, since those below have it still.
type scrubbed struct {
	cause error
	text  string
}

func (e *scrubbed) Error() string { return e.text }

func (e *scrubbed) Is(target error) bool { return errors.Is(e.cause, target) }
