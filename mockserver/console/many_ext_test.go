package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/console"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Among many devices the one that came last can be approved, and the page says how many wait.
func TestPageShowsTheLatestDevices(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	for range 30 {
		v.send(t, http.MethodPost, s.Issuer()+"/oauth2/device_authorization", url.Values{"client_id": {mockserver.PublicClientID}}.Encode())
	}
	waiting := s.Script().PendingDevices()
	_, body := v.get(t, s.HTTPURL()+console.Path)
	for _, want := range []string{`value="approve:` + waiting[29].UserCode + `"`, "<dt>Devices waiting</dt><dd>30</dd>", "26 that came earlier wait, too"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, `value="approve:`+waiting[0].UserCode+`"`) {
		t.Error("the page shows all of them")
	}
}

// The numbers are about all logins, also those that are not shown.
func TestCountsAreAboutAllLogins(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	for i := range 30 {
		spec := oauth.TokenSpec{Subject: fmt.Sprintf("user%d", i), ClientID: mockserver.PublicClientID, Scopes: []string{"all"}, Refresh: true}
		if _, err := s.Script().IssueToken(spec); err != nil {
			t.Fatal(err)
		}
	}
	_, body := v.get(t, s.HTTPURL()+console.Path)
	for _, want := range []string{"<dt>Valid logins</dt><dd>30 <small>of 30</small></dd>", "10 earlier logins are not shown"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
