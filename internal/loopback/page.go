package loopback

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

// Page is what the person sees in the browser: fixed words, never anything that
// came with the request.
type Page struct {
	Status int // HTTP status; zero means 200
	Title  string
	Text   string
}

const style = `body{font-family:system-ui,sans-serif;max-width:34em;margin:20vh auto 0;padding:0 1em;line-height:1.5}` +
	`@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}`

const layout = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title><style>` + style + `</style></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p></body>
</html>
`

func newLayout() (*template.Template, error) { return template.New("page").Parse(layout) }

// policy lets the page load nothing but its own style.
func policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// write answers with p. The address that it stands under carries a code, so the
// page is kept nowhere and tells nobody where it was.
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
	_ = s.layout.Execute(w, p) // a browser that has gone away misses only the page
}
