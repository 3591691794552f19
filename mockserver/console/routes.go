package console

import (
	"bytes"
	"embed"
	"net/http"
	"net/url"
	"strings"
)

//go:embed assets
var assets embed.FS

func (c *Console) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, c.showPage)
	mux.Handle("GET "+Path+"/{$}", http.RedirectHandler(Path, http.StatusSeeOther))
	for name, kind := range map[string]string{
		"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
	} {
		mux.HandleFunc("GET "+Path+"/"+name, func(w http.ResponseWriter, _ *http.Request) { serveFile(w, name, kind) })
	}
	mux.HandleFunc("GET "+Path+"/events", c.inside(c.serveEvents))
	mux.HandleFunc("POST "+Path+"/do", c.inside(c.takeForm))
	return mux
}

func serveFile(w http.ResponseWriter, name, kind string) {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		http.Error(w, "the file is missing", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text) // fails only when the client has gone
}

// ServeHTTP answers requests below [Path]; the server calls it.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.harden(w, r)
	if !c.allowed(r) {
		http.Error(w, "The console answers only to its own page, by an address of this machine.\n"+
			"Copy the address that the mock printed into the address bar of the browser.", http.StatusForbidden)
		return
	}
	c.routes.ServeHTTP(w, r)
}

// inside serves requests of browsers that are logged in.
func (c *Console) inside(next func(http.ResponseWriter, *http.Request, session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, ok := c.door.session(r)
		if !ok {
			http.Error(w, "The console needs a login: open the address that the mock prints.", http.StatusUnauthorized)
			return
		}
		next(w, r, s)
	}
}

// showPage shows the page, or exchanges the code of a printed address for a cookie first, so
// that the code is in no history.
func (c *Console) showPage(w http.ResponseWriter, r *http.Request) {
	if code := r.URL.Query().Get("code"); code != "" && r.Method == http.MethodGet {
		if cookie, ok := c.door.enter(code); ok {
			c.door.setCookie(w, cookie, c.encrypts)
			http.Redirect(w, r, Path, http.StatusSeeOther)
			return
		}
	}
	s, ok := c.door.session(r)
	switch {
	case !ok:
		c.turnAway(w)
	case r.URL.Query().Has("code"):
		http.Redirect(w, r, Path, http.StatusSeeOther)
	default:
		c.write(w, http.StatusOK, "page", c.newPage(s, selectionOf(r)))
	}
}

// turnAway says how to get in.
func (c *Console) turnAway(w http.ResponseWriter) {
	c.showNewAddress()
	c.write(w, http.StatusUnauthorized, "closed", c.reopen != nil)
}

// showNewAddress gives the server's owner another address, not too often.
func (c *Console) showNewAddress() {
	if c.reopen == nil {
		return
	}
	c.reopening.Lock()
	defer c.reopening.Unlock()
	if code, ok := c.door.renewed(); ok {
		c.reopen(c.base + "?" + url.Values{"code": {code}}.Encode())
	}
}

// write answers with a page.
func (c *Console) write(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := c.pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "the page could not be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // fails only when the client has gone
}

// cut shortens a text for people.
func cut(text string, limit int) string {
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	if len(runes) <= limit {
		return string(runes)
	}
	return string(runes[:limit-1]) + "…"
}
