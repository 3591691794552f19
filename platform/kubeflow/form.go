package kubeflow

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// asksForPassword reports whether a page has a password field.
func asksForPassword(body []byte) bool {
	return slices.ContainsFunc(inputs(body), func(in input) bool { return in.kind == "password" })
}

// asksFor reports whether a page has an input of that name.
func asksFor(body []byte, name string) bool {
	return slices.ContainsFunc(inputs(body), func(in input) bool { return in.name == name })
}

// approval returns the form that Dex's approval page sends for "Grant Access": its hidden
// fields, such as the id of the request, and the approval.
func approval(body []byte) url.Values {
	form := url.Values{}
	for _, in := range inputs(body) {
		if in.kind == "hidden" && in.name != "" && form.Get(in.name) == "" {
			form.Set(in.name, in.value)
		}
	}
	form.Set("approval", "approve")
	return form
}

type input struct{ kind, name, value string }

// maxInputs is more than any login page has.
const maxInputs = 200

// inputs returns the <input> elements of a page, even if its HTML is broken.
func inputs(body []byte) []input {
	var found []input
	z := html.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(maxAnswer)
	for len(found) < maxInputs {
		switch z.Next() {
		case html.ErrorToken:
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			if string(name) != "input" {
				continue
			}
			var in input
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				switch string(key) {
				case "type":
					in.kind = strings.ToLower(strings.TrimSpace(string(value)))
				case "name":
					in.name = string(value)
				case "value":
					in.value = string(value)
				}
			}
			found = append(found, in)
		default:
		}
	}
	return found
}

// linkTo returns the link of a page with the scheme, host and path of u; nil if there is
// none.
func linkTo(p page, u *url.URL) *url.URL {
	z := html.NewTokenizer(bytes.NewReader(p.body))
	z.SetMaxBuf(maxAnswer)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return nil
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			for more && string(name) == "a" {
				var key, value []byte
				key, value, more = z.TagAttr()
				if string(key) != "href" {
					continue
				}
				if link, err := p.url.Parse(string(value)); err == nil &&
					link.Scheme == u.Scheme && link.Host == u.Host && link.User == nil && link.Path == u.Path {
					return link
				}
			}
		default:
		}
	}
}
