package mocktest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// htmlForm is one form of a page.
type htmlForm struct {
	method, action string
	inputs         []htmlInput
}

type htmlInput struct {
	name, kind, value string
	button            bool
}

// decide returns what the user does on a page: the next step, and a name for it by which
// a form that appears again is recognised. Without a form the step is nil.
func (b *Browser) decide(p *Page) (next *step, name string) {
	if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		return nil, ""
	}
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return nil, ""
	}
	forms, links := collect(root)
	if len(forms) == 0 {
		return nil, ""
	}
	deny := b.Deny && !slices.ContainsFunc(forms, htmlForm.wantsText)
	if deny && !slices.ContainsFunc(forms, htmlForm.refuses) {
		for _, link := range links {
			if to, err := p.URL.Parse(link); err == nil && refusal(link) {
				return &step{method: http.MethodGet, address: to.String()}, to.Path
			}
		}
	}
	form := forms[0]
	if i := slices.IndexFunc(forms, func(f htmlForm) bool { return deny && f.refuses() || !deny && !f.onlyRefuses() }); i >= 0 {
		form = forms[i]
	}
	to, err := p.URL.Parse(form.action)
	if err != nil {
		return nil, ""
	}
	values, name := b.fill(form, deny)
	if form.method == http.MethodGet {
		to.RawQuery = values.Encode()
	}
	return &step{method: form.method, address: to.String(), form: values}, to.Path + " " + name
}

// fill returns the values of a form; name lists its fields.
func (b *Browser) fill(form htmlForm, deny bool) (values url.Values, name string) {
	values, pressed := url.Values{}, false
	for _, in := range form.inputs {
		if in.button {
			if !pressed && deny == refusal(in.value) {
				pressed = true
				if in.name != "" {
					values.Add(in.name, in.value)
				}
			}
			continue
		}
		name += in.name + " "
		if in.name != "" {
			values.Add(in.name, b.value(in))
		}
	}
	return values, name
}

func (b *Browser) value(in htmlInput) string {
	if v, ok := b.Fields[in.name]; ok {
		return v
	}
	switch {
	case in.kind == "hidden":
		return in.value
	case in.name == "login":
		return b.Login
	case in.name == "password" || in.kind == "password":
		return b.Password
	case in.name == "user_code" && b.UserCode != "" && in.value == "":
		return b.UserCode
	}
	return in.value
}

func (f htmlForm) wantsText() bool {
	return slices.ContainsFunc(f.inputs, func(in htmlInput) bool { return !in.button && in.kind != "hidden" })
}

func (f htmlForm) refuses() bool {
	return slices.ContainsFunc(f.inputs, func(in htmlInput) bool { return refusal(in.value) })
}

// onlyRefuses reports whether the form can only deny, as on pages with a form for each
// decision.
func (f htmlForm) onlyRefuses() bool {
	return slices.ContainsFunc(f.inputs, func(in htmlInput) bool { return !in.button && refusal(in.value) })
}

// refusal reports whether a value, or the last part of a link, means a denial.
func refusal(value string) bool {
	word := value[strings.LastIndexAny(value, "/=")+1:]
	return slices.Contains([]string{"deny", "denied", "reject", "rejected", "abort", "cancel", "no"}, strings.ToLower(word))
}

func collect(root *html.Node) (forms []htmlForm, links []string) {
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "a":
			links = append(links, attribute(n, "href"))
		case "form":
			f := htmlForm{method: http.MethodGet, action: attribute(n, "action")}
			if strings.EqualFold(attribute(n, "method"), http.MethodPost) {
				f.method = http.MethodPost
			}
			for child := range n.Descendants() {
				if in, ok := input(child); ok {
					f.inputs = append(f.inputs, in)
				}
			}
			forms = append(forms, f)
		}
	}
	return forms, links
}

func input(n *html.Node) (htmlInput, bool) {
	kind := strings.ToLower(attribute(n, "type"))
	in := htmlInput{name: attribute(n, "name"), kind: kind, value: attribute(n, "value")}
	switch {
	case n.Type != html.ElementNode:
		return in, false
	case n.Data == "button":
		in.button = true
		return in, kind == "" || kind == "submit"
	case n.Data == "input" && (kind == "submit" || kind == "image"):
		in.button = true
		return in, true
	case n.Data == "input" && (kind == "checkbox" || kind == "radio"):
		_, checked := find(n, "checked")
		return in, checked
	}
	return in, n.Data == "input" && kind != "button" && kind != "reset"
}

func attribute(n *html.Node, name string) string {
	v, _ := find(n, name)
	return v
}

func find(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}
