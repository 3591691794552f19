package login_test

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// formNode is a form element.
type formNode struct{ *html.Node }

// all returns the elements of a page that have that name.
func (p webPage) all(name string) []*html.Node {
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

// formWith returns the form that has a field of that name, nil if none has.
func (p webPage) formWith(field string) *formNode {
	for _, n := range p.all("form") {
		if f := (&formNode{n}); f.input(field) != nil {
			return f
		}
	}
	return nil
}

// input returns the form's field of that name.
func (f *formNode) input(name string) *html.Node {
	for n := range f.Descendants() {
		if n.Type == html.ElementNode && n.Data == "input" && attr(n, "name") == name {
			return n
		}
	}
	return nil
}

// buttons are what submits a form.
func (p webPage) buttons() []*html.Node {
	var found []*html.Node
	for _, n := range p.all("button") {
		if kind := attr(n, "type"); (kind == "" || kind == "submit") && p.formOf(n) != nil {
			found = append(found, n)
		}
	}
	return found
}

// formOf is the form around a button, or the one that it names.
func (p webPage) formOf(button *html.Node) *formNode {
	if id := attr(button, "form"); id != "" {
		for _, n := range p.all("form") {
			if attr(n, "id") == id {
				return &formNode{n}
			}
		}
		return nil
	}
	for n := range button.Ancestors() {
		if n.Type == html.ElementNode && n.Data == "form" {
			return &formNode{n}
		}
	}
	return nil
}

// click is the request that a link or a button makes.
func (p webPage) click(n *html.Node) *http.Request {
	if n.Data == "a" {
		to, err := p.url.Parse(attr(n, "href"))
		if err != nil {
			return nil
		}
		return &http.Request{Method: http.MethodGet, URL: to, Header: http.Header{}}
	}
	return p.submit(p.formOf(n), n, nil)
}

// submit is the request that a form makes, with typed in its fields, by a click on
// button (nil for the enter key).
func (p webPage) submit(f *formNode, button *html.Node, typed map[string]string) *http.Request {
	values := url.Values{}
	for n := range f.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" || attr(n, "name") == "" {
			continue
		}
		value := attr(n, "value")
		if text, ok := typed[attr(n, "name")]; ok {
			value = text
		}
		values.Add(attr(n, "name"), value)
	}
	if button != nil && attr(button, "name") != "" {
		values.Add(attr(button, "name"), attr(button, "value"))
	}
	to, err := p.url.Parse(attr(f.Node, "action"))
	if err != nil {
		return nil
	}
	req, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what a person reads of an element.
func text(n *html.Node) string {
	var words []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" && d.Parent.Data != "script" {
			words = append(words, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(words, " ")
}
