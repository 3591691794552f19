package authserver

import (
	"bytes"
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// layout is every page of the server, without scripts and foreign content.
const layout = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style nonce="{{.Nonce}}">body{font-family:sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}
label,button{display:block;margin:.8rem 0}.problem{color:#a00}</style></head>
<body><h1>{{.Title}}</h1>
{{with .Problem}}<p class="problem" role="alert">{{.}}</p>{{end}}
{{with .Message}}<p>{{.}}</p>{{end}}
{{if ne .Name "message"}}<form method="post" action="{{.Action}}">
<input type="hidden" name="request" value="{{.Request}}"><input type="hidden" name="csrf" value="{{.CSRF}}">
{{if eq .Name "login"}}
<label>Login <input name="login" autocomplete="username" autofocus required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button type="submit">Log in</button>
{{else if eq .Name "verify"}}
<label>Code <input name="user_code" value="{{.UserCode}}" autocomplete="off" autofocus required></label>
<button type="submit">Continue</button>
{{else}}
<p>{{.Client}} asks to act for {{.Login}}.</p>
{{with .UserCode}}<p>Go on only if your device shows <strong>{{.}}</strong>.</p>{{end}}
{{with .Scopes}}<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
{{end}}</form>{{end}}
</body></html>
`

// page is what one page shows.
type page struct {
	Name     string // "login", "consent", "verify" or "message"
	Title    string
	Problem  string // what went wrong with the last try
	Message  string
	Action   string
	Request  string
	CSRF     string
	Client   string
	Login    string
	UserCode string
	Scopes   []string
	Nonce    string

	leadsTo string // redirect URI at the form's end
}

type pages struct{ layout *template.Template }

func newPages() (*pages, error) {
	t, err := template.New("page").Parse(layout)
	return &pages{layout: t}, err
}

func (p *pages) write(w http.ResponseWriter, status int, what page) {
	what.Nonce = rand.Text()
	var b bytes.Buffer
	if err := p.layout.Execute(&b, what); err != nil {
		http.Error(w, "the page failed", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+what.Nonce+"'; form-action 'self'"+
		formSource(what.leadsTo)+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client is gone; nobody is left to tell
}

// formSource lets a form end at the client: browsers hold form-action against the
// redirects behind a form too. IPv6 addresses have no form in that grammar.
func formSource(redirect string) string {
	u, err := url.Parse(redirect)
	switch {
	case err != nil || redirect == "":
		return ""
	case u.Host == "" || strings.Contains(u.Host, "["):
		return " " + u.Scheme + ":"
	default:
		return " " + u.Scheme + "://" + u.Host
	}
}
