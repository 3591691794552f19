package dextest

import (
	"html/template"
	"net/http"
)

const (
	signInPage = `<!DOCTYPE html><title>Sign In</title>
<form method="GET" action="/oauth2/start"><input type="hidden" name="rd" value="{{.}}"><button>Sign in with dex</button></form>`

	choicePage = `<!DOCTYPE html><title>dex</title><h2>Log in to dex</h2>
{{range .}}<a href="{{.URL}}"><button>Log in with {{.Name}}</button></a>{{end}}`

	loginPage = `<!DOCTYPE html><title>dex</title><h2>Log in to Your Account</h2>
<form method="post">
<input tabindex="1" required name="login" type="text" placeholder="email address">
<input tabindex="2" required name="password" type="password" placeholder="password">
{{if .}}<div id="login-error">Invalid Email Address and password.</div>{{end}}
<button type="submit">Login</button></form>`

	termsPage = `<!DOCTYPE html><title>Terms</title><p>Which of these pictures show a boat?</p>`

	approvalPage = `<!DOCTYPE html><title>dex</title><h2>Grant Access</h2>
<form method="post"><input type="hidden" name="req" value="{{.}}"/><input type="hidden" name="approval" value="approve">
<button type="submit">Grant Access</button></form>
<form method="post"><input type="hidden" name="req" value="{{.}}"/><input type="hidden" name="approval" value="rejected">
<button type="submit">Cancel</button></form>`
)

func page(w http.ResponseWriter, code int, layout string, data any) {
	t, err := template.New("page").Parse(layout)
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_ = t.Execute(w, data)
}
