package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

var errUnknown = errors.New("the console has no such button")

const maxForm = 4 << 10

// takeForm does what a button says. The page's script gets a sentence, a browser without
// scripts is sent back to the page.
func (c *Console) takeForm(w http.ResponseWriter, r *http.Request, s session) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form could not be read", http.StatusBadRequest)
		return
	}
	if s.forged(r.PostForm.Get("csrf")) {
		http.Error(w, "This form does not come from the console: load the page again.", http.StatusForbidden)
		return
	}
	said, err := c.do(r.PostForm.Get("do"))
	script := strings.Contains(r.Header.Get("Accept"), "application/json")
	switch {
	case err != nil && !script:
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		writeJSON(w, http.StatusConflict, "It did not work: "+err.Error())
	case script:
		writeJSON(w, http.StatusOK, said)
	default:
		http.Redirect(w, r, Path, http.StatusSeeOther)
	}
}

func writeJSON(w http.ResponseWriter, status int, said string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	text, err := json.Marshal(map[string]string{"said": said})
	if err == nil {
		_, _ = w.Write(text) // fails only when the client has gone
	}
}
