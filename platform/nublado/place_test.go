package nublado

import (
	"net/url"
	"strings"
	"testing"
)

func TestARedirectIsFollowedWithinNubladoOnly(t *testing.T) {
	t.Parallel()
	const from = "https://nb.example.com/nb/hub/home"
	for location, want := range map[string]struct {
		to     string // empty: not followed
		reason string
	}{
		"/nb/hub/login?next=x#y": {to: "https://nb.example.com/nb/hub/login?next=x"},
		"login":                  {to: "https://nb.example.com/nb/hub/login"},
		"https://NB.example.com:443/nb/user/ada/lab": {to: "https://NB.example.com:443/nb/user/ada/lab"},
		"//nb.example.com/nb":                        {to: "https://nb.example.com/nb"},
		"/nb/user/ada":                               {to: "https://nb.example.com/nb/user/ada"},
		"/nb/user/%61da/lab":                         {to: "https://nb.example.com/nb/user/%61da/lab"},
		"http://nb.example.com/nb/hub/home":          {reason: "leads away"},
		"https://nb.example.com:8443/nb/hub/home":    {reason: "leads away"},
		"https://nb.example.com.evil/nb/hub/home":    {reason: "leads away"},
		"https://evil.example.com/nb/hub/home":       {reason: "leads away"},
		"https://a:b@nb.example.com/nb/hub/home":     {reason: "leads away"},
		"/nbevil/hub":                                {reason: "leads away"},
		"/":                                          {reason: "leads away"},
		"../../../x":                                 {reason: "leads away"},
		"/nb/%2e%2e/x":                               {reason: "leads away"},
		"/nb/hub/%2E%2E/%2e%2e/x":                    {reason: "leads away"},
		"/nb%2Fhub":                                  {reason: "leads away"},
		"/nb/user/eve/lab":                           {reason: "another user"},
		"/nb/user/%65ve/lab":                         {reason: "another user"},
		"/nb//user/eve/lab":                          {reason: "leads away"},
		"/nb/user%2Feve/lab":                         {reason: "leads away"},
		"//nb.example.com//nb/user/eve/lab":          {reason: "leads away"},
		"/nb/user//eve/lab":                          {reason: "leads away"},
		"/nb/hub%5C..%5Cuser/eve/lab":                {reason: "leads away"},
		"mailto:x":                                   {reason: "leads away"},
		"https://ada.nb.example.com/nb/user/ada/":    {reason: "WithUserSubdomains"},
		"http://%zz":                                 {reason: "no valid address"},
	} {
		p, err := newPlace("https://nb.example.com/nb/", "ada")
		if err != nil {
			t.Fatal(err)
		}
		at, err := url.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.follow(at, location)
		switch {
		case want.to != "" && (err != nil || got.String() != want.to):
			t.Errorf("%s: %v, %v; want %s", location, got, err, want.to)
		case want.to == "" && (err == nil || !strings.Contains(err.Error(), want.reason)):
			t.Errorf("%s: %v, %v; want an error with %q", location, got, err, want.reason)
		}
	}
}

func TestALabMayHaveAHostOfItsOwnIfThatIsAllowed(t *testing.T) {
	t.Parallel()
	c := NewClient(nil, "https://nb.example.com:8443/nb", "ada", WithUserSubdomains())
	for location, ok := range map[string]bool{
		"https://ada.nb.example.com:8443/nb/user/ada/lab": true,
		"https://ada.nb.example.com/nb/user/ada/lab":      false,
		"http://ada.nb.example.com:8443/nb/user/ada/lab":  false,
		"https://eve.nb.example.com:8443/nb/user/ada/lab": false,
		"https://ada.nb.example.com:8443/nb/user/eve/lab": false,
		"https://ada.nb.example.com:8443/user/ada/lab":    false,
		"https://ada.ada.nb.example.com:8443/nb/x":        false,
		"https://ada.example.com:8443/nb/x":               false,
	} {
		if to, err := c.where.follow(c.where.hub("home"), location); (err == nil) != ok {
			t.Errorf("%s: %v, %v; want it followed: %v", location, to, err, ok)
		}
	}
	if c := NewClient(nil, "https://127.0.0.1/nb", "ada", WithUserSubdomains()); c.wrong == nil {
		t.Error("an address without subdomains is taken")
	}
}

func TestTheArgumentsOfAClientAreChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{
		{"", "ada"},
		{"nb.example.com", "ada"},
		{"ftp://nb.example.com", "ada"},
		{"https://x:secret@nb.example.com", "ada"},
		{"https://nb.example.com/?x=secret", "ada"},
		{"https://nb.example.com/#secret", "ada"},
		{"https://nb.example.com/a/../b", "ada"},
		{"https://nb.example.com", ""},
		{"https://nb.example.com", "a/b"},
		{"https://nb.example.com", ".."},
		{"https://nb.example.com", "Ada"},
	} {
		c := NewClient(nil, tt[0], tt[1], WithUserSubdomains())
		if c.wrong == nil || strings.Contains(c.wrong.Error(), "secret") || c.String() != "nublado client" {
			t.Errorf("%q: %v, %s", tt, c.wrong, c)
		}
	}
}

func TestTheBaseMayBeTheRoot(t *testing.T) {
	t.Parallel()
	c := NewClient(nil, "https://nb.example.com/", "ada")
	if got := c.where.hub("home").String(); c.wrong != nil || got != "https://nb.example.com/hub/home" {
		t.Errorf("%s, %v", got, c.wrong)
	}
	if !c.where.isAt(c.where.hub("login"), dirHub, "login") || c.where.isAt(c.where.hub("loginx"), dirHub, "login") {
		t.Error("segments below the root are not compared")
	}
}
