package jupyterhub

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
)

func FuzzJudge(f *testing.F) {
	for _, body := range []string{`{"name":"a","kind":"user","scopes":["x"]}`, `{"name":null}`, `[]`, `{"message":"Forbidden"}`, "\xff", `{"error_description":"a\u0000b"}`} {
		for _, status := range []int{200, 403, 404, 400, 500} {
			f.Add(status, body)
		}
	}
	a, err := NewAuth(AuthConfig{Config: Config{APIToken: flow.SecretValue("t"), LookupEnv: func(string) (string, bool) { return "", false }}, HTTP: &http.Client{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		u, err := a.judge(status, []byte(body))
		if (u == nil) == (err == nil) {
			t.Fatalf("user %v and error %v", u, err)
		}
		if u != nil && (status != http.StatusOK || u.Name == "" || u.Kind == "") {
			t.Fatalf("%d %q made a user %+v", status, body, u)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r\x00") {
			t.Fatalf("the error is not one line: %q", err)
		}
	})
}

func FuzzReturnPath(f *testing.F) {
	for _, path := range []string{"/services/s/a?b=c", "//evil", "/services/s/../x", "/services/s/..//s", `/services/s\evil`, "http://evil/services/s/", "/services/s/%2f%2fevil", "/services/s%2f"} {
		f.Add(path)
	}
	a, err := NewAuth(AuthConfig{Config: Config{APIToken: flow.SecretValue("t"), ServiceName: "s", LookupEnv: func(string) (string, bool) { return "", false }}, HTTP: &http.Client{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := a.returnPath(path)
		if !strings.HasPrefix(got, "/services/s/") {
			t.Fatalf("%q leads back to %q", path, got)
		}
		base := &url.URL{Scheme: "https", Host: "hub.example", Path: "/hub/"}
		if to, err := base.Parse(got); err != nil || to.Host != base.Host || !strings.HasPrefix(to.Path, "/services/s/") && to.Path != "/services/s" {
			t.Fatalf("%q leads back to %v, %v", path, to, err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	a, err := NewAuth(AuthConfig{Config: Config{APIToken: flow.SecretValue("t"), ServiceName: "s", LookupEnv: func(string) (string, bool) { return "", false }}, HTTP: &http.Client{}})
	if err != nil {
		f.Fatal(err)
	}
	good, err := a.seal("n", []byte("content"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("n", good)
	f.Add("m", good)
	f.Add("n", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		content, err := a.open(name, value)
		if err == nil && (name != "n" || string(content) != "content") {
			t.Fatalf("%q opened %q", name, value)
		}
	})
}
