// Package pages is the layout of the mock's web pages: the login, consent and device
// pages of the authorization server and the server's index. Pages run no scripts and
// load nothing; their colours follow the browser's light or dark scheme.
//
// [New] reads the template of a page's content, [Layout.Write] answers with a page.
package pages

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed page.html
var layout string

//go:embed page.css
var style string

// Page is one page.
type Page struct {
	Title   string
	Wide    bool // more than a form
	Content any  // for the template given to [New]
	// FormAction are further sources of the policy's form-action, each with a space
	// before it; empty lets forms end at this server only.
	FormAction string
}

// Layout writes pages of one content. Safe for concurrent use.
type Layout struct {
	template *template.Template
	styleSum string
}

// New returns the layout around content, a template of package html/template.
func New(content string) (*Layout, error) {
	t := template.New("layout").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) }, //nolint:gosec // our own file
	})
	t, err := t.Parse(layout)
	if err != nil {
		return nil, err
	}
	if _, err := t.New("content").Parse(content); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(style))
	return &Layout{template: t, styleSum: base64.StdEncoding.EncodeToString(sum[:])}, nil
}

// Write answers with a page that browsers neither cache nor show in frames.
func (l *Layout) Write(w http.ResponseWriter, status int, p Page) {
	var b bytes.Buffer
	if err := l.template.Execute(&b, p); err != nil {
		http.Error(w, "the page could not be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+l.styleSum+"'; form-action 'self'"+
		p.FormAction+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // fails only when the client has gone
}
