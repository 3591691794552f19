package authserver

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	maxForm       = 64 << 10 // bytes of a request body
	maxParameters = 64
)

// formType is the media type of a form.
const formType = "application/x-www-form-urlencoded"

func isForm(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == formType
}

// form holds the parameters of a request. Only resource (RFC 8707 section 2) and
// audience (RFC 8693 section 2.1) may have several values.
type form map[string][]string

func (f form) get(name string) string {
	if v := f[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (f form) has(name string) bool { return len(f[name]) > 0 }

// readForm reads the form of a POST (RFC 6749 section 3.2): parameters are in the body
// only, none is repeated, and one without a value counts as omitted. Unknown ones are
// ignored.
func readForm(w http.ResponseWriter, r *http.Request) (form, *protocolError) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &protocolError{status: http.StatusMethodNotAllowed, code: codeInvalidRequest, description: "want POST"}
	}
	if r.URL.RawQuery != "" {
		return nil, refuse(codeInvalidRequest, "parameters belong into the body, not into the URL")
	}
	if !isForm(r.Header.Get("Content-Type")) {
		return nil, refuse(codeInvalidRequest, "want Content-Type application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return nil, &protocolError{status: http.StatusRequestEntityTooLarge, code: codeInvalidRequest, description: "the form is over 64 KiB"}
	case err != nil:
		return nil, refuse(codeInvalidRequest, "the form could not be read to its end")
	}
	return parseForm(string(body))
}

// parseForm decodes a form body.
func parseForm(body string) (form, *protocolError) {
	if strings.Count(body, "&") >= maxParameters {
		return nil, refuse(codeInvalidRequest, "more than 64 parameters")
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, refuse(codeInvalidRequest, "the body is not form-encoded")
	}
	f := form{}
	for name, all := range values {
		if !clean(name) {
			return nil, refuse(codeInvalidRequest, "a parameter name is not plain text")
		}
		if len(all) > 1 && name != "resource" && name != "audience" {
			return nil, refuse(codeInvalidRequest, "a parameter is repeated")
		}
		for _, v := range all {
			if !clean(v) {
				return nil, refuse(codeInvalidRequest, "a parameter value holds control characters or is not UTF-8")
			}
			if v != "" {
				f[name] = append(f[name], v)
			}
		}
	}
	return f, nil
}

// clean reports whether s is UTF-8 without control characters.
func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
