package mocktest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// pages serves fixed pages by path; a form that arrives is noted.
func pages(t *testing.T, byPath map[string]string) (base string, arrived func() []string) {
	t.Helper()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if len(r.Form) > 0 {
			got = append(got, r.Method+" "+r.URL.Path+" "+r.Form.Encode())
		}
		body := byPath[r.URL.Path]
		if to, ok := strings.CutPrefix(body, "to "); ok {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		if status, ok := strings.CutPrefix(body, "status "); ok {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusTeapot)
			body = status
		}
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string { server.Close(); return got }
}

const (
	buttons = `<html><form method=post action=/done><input type=hidden name=id value=1>
		<button name=go value=yes>Yes</button><input type=submit name=go value=cancel></form></html>`
	twoForms = `<html><form method=post action=/done><input type=hidden name=approval value=rejected><button>No</button></form>
		<form method=post action=/done><input type=hidden name=approval value=approve><button>Yes</button></form></html>`
	withLink = `<html><form method=post action=/done><input type=hidden name=prompt value=consent></form><a href="/i/1/abort">[ Cancel ]</a></html>`
	ask      = `<html><form method=post action=/next><input name=login><input type=password name=pw><input name=city value=Paris>
		<input name=hobby><input type=checkbox name=stay value=on checked><input type=checkbox name=spam value=on><button>Go</button></form></html>`
)

func TestBrowserAllowsOrDenies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		page string
		deny bool
		want string
	}{
		"buttons, yes":   {buttons, false, "POST /done go=yes&id=1"},
		"buttons, no":    {buttons, true, "POST /done go=cancel&id=1"},
		"two forms, yes": {twoForms, false, "POST /done approval=approve"},
		"two forms, no":  {twoForms, true, "POST /done approval=rejected"},
		"link, yes":      {withLink, false, "POST /done prompt=consent"},
		"link, no":       {withLink, true, ""},
		"by GET":         {`<html><form action=/done><input type=hidden name=a value=b></form></html>`, false, "GET /done a=b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, arrived := pages(t, map[string]string{"/": tt.page, "/done": "done", "/i/1/abort": "aborted"})
			b := &mocktest.Browser{Deny: tt.deny}
			page, err := b.Visit(t.Context(), base+"/")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(arrived(), "; "); got != tt.want {
				t.Errorf("arrived: %s", got)
			}
			if (page.Body == "aborted") != (tt.want == "") {
				t.Errorf("ended at %s", page.URL)
			}
		})
	}
}

func TestBrowserFillsInForms(t *testing.T) {
	t.Parallel()
	base, arrived := pages(t, map[string]string{"/": "to /ask", "/ask": ask, "/next": buttons, "/done": "to /end", "/end": "the end"})
	b := &mocktest.Browser{Login: "ada", Password: "secret", Fields: map[string]string{"hobby": "numbers"}, Deny: true}

	page, err := b.Visit(t.Context(), base+"/")

	if err != nil || page.Body != "the end" || page.URL.Path != "/end" || page.Status != http.StatusOK {
		t.Fatalf("ended at %+v, %v", page, err)
	}
	want := "POST /next city=Paris&hobby=numbers&login=ada&pw=secret&stay=on; POST /done go=cancel&id=1"
	if got := strings.Join(arrived(), "; "); got != want {
		t.Errorf("arrived: %s", got)
	}
}

func TestBrowserEndsWhereItCannotContinue(t *testing.T) {
	t.Parallel()
	base, _ := pages(t, map[string]string{
		"/again": strings.ReplaceAll(ask, "/next", "/again"), "/loop": "to /loop", "/bad": "status broken", "/away": "to http://127.0.0.1:1/x?code=1",
		"/nowhere": "to :",
	})
	b := &mocktest.Browser{}
	if err := b.Open(t.Context(), base+"/again"); !errors.Is(err, mocktest.ErrAskedAgain) {
		t.Errorf("the same form again: %v", err)
	}
	for _, address := range []string{base + "/loop", base + "/bad", "http://127.0.0.1:1/", ":", base + "/away"} {
		if err := b.Open(t.Context(), address); err == nil {
			t.Errorf("%s: no error", address)
		}
	}
	b = &mocktest.Browser{StopAt: "http://127.0.0.1:1/"}
	if page, err := b.Visit(t.Context(), base+"/away"); err != nil || page.URL.Query().Get("code") != "1" || page.Status != 0 {
		t.Errorf("stopped at %+v, %v", page, err)
	}
}

// The browser sends the server's answer to a client's callback; an error page there is no
// error.
func TestBrowserReachesTheCallback(t *testing.T) {
	t.Parallel()
	for _, deny := range []bool{false, true} {
		s := mocktest.New(t)
		var got url.Values
		callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.Query()
			w.WriteHeader(http.StatusBadRequest)
		}))
		b := mocktest.NewBrowser(s)
		b.Deny = deny
		err := b.Open(t.Context(), s.AuthorizationURL()+"?"+url.Values{
			"client_id": {mockserver.PublicClientID}, "redirect_uri": {callback.URL + "/callback"}, "response_type": {"code"}, "state": {"s"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
		}.Encode())
		callback.Close()
		if err != nil || got.Get("state") != "s" || got.Get("iss") != s.Issuer() || (got.Get("code") == "") != deny || (got.Get("error") == "access_denied") != deny {
			t.Errorf("deny %t: arrived with %v, %v", deny, got, err)
		}
		if err := b.Open(t.Context(), s.AuthorizationURL()); err == nil {
			t.Error("an error page of the server is no error")
		}
	}
}
