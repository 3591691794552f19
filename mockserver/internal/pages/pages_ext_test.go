package pages_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/internal/pages"
)

func TestPageEscapesItsContentAndAllowsItsOwnStyleOnly(t *testing.T) {
	t.Parallel()
	layout, err := pages.New(`<p>{{.}}</p>`)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	layout.Write(w, 418, pages.Page{Title: "<T>", Content: "<i>x", FormAction: " http://127.0.0.1:1"})
	body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"<h1>&lt;T&gt;</h1>", "<title>&lt;T&gt;</title>", "<p>&lt;i&gt;x</p>", "<main>", `lang="en"`, "prefers-color-scheme:dark"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	if w.Code != 418 || !strings.Contains(policy, "style-src 'sha256-") || !strings.Contains(policy, "form-action 'self' http://127.0.0.1:1;") {
		t.Errorf("status %d, policy %q", w.Code, policy)
	}
}

func TestNewRefusesBrokenTemplates(t *testing.T) {
	t.Parallel()
	if _, err := pages.New(`{{`); err == nil {
		t.Error("a broken template was accepted")
	}
}

// The client's callback page shares the look, and no code.
func TestStyleIsThatOfTheCallbackPage(t *testing.T) {
	t.Parallel()
	ours, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile("../../../internal/loopback/page.css")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours, theirs) {
		t.Error("page.css here and in internal/loopback differ: change both")
	}
}
