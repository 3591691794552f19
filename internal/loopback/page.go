package loopback

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Page is what the user sees in the browser: fixed words, never anything that
// came with the request.
type Page struct {
	Status int // HTTP status; zero means 200
	Title  string
	Text   string
}

//go:embed page.html
var layout string

//go:embed page.css
var style string

func newLayout() (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) }, //nolint:gosec // our own file
	}).Parse(layout)
}

// policy lets the page load nothing but its own style.
func policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// write answers with p. The page's address carries a code, so browsers do not
// cache the page and send its address to no other server.
func (s *Server) write(w http.ResponseWriter, p Page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", s.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	if p.Status != 0 {
		w.WriteHeader(p.Status)
	}
	_ = s.layout.Execute(w, struct { // fails only when the browser has gone
		Page

		Program string
	}{p, program()})
}

// program returns the name of the running program, empty if it is unknown.
func program() string {
	if len(os.Args) == 0 || os.Args[0] == "" {
		return ""
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}
