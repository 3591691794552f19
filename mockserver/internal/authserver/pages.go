package authserver

import (
	_ "embed"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/pages"
)

//go:embed pages.html
var content string

// page is what one page shows.
type page struct {
	Name     string // "login", "consent", "verify" or "message"
	Title    string
	Problem  string // what was wrong with the form that was sent
	Message  string
	Action   string
	Request  string
	CSRF     string
	Client   string // the client that asks
	Login    string
	UserCode string
	Scopes   []scopeItem

	leadsTo string // redirect URI at the form's end
}

// scopeItem is one scope on the consent page.
type scopeItem struct{ Scope, Words string }

func newPages() (*pages.Layout, error) { return pages.New(content) }

func (s *Server) writePage(w http.ResponseWriter, status int, p page) {
	s.pages.Write(w, status, pages.Page{Title: p.Title, Content: p, FormAction: formSource(p.leadsTo)})
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

// scopeItems says in words what scopes allow.
func scopeItems(scopes []string) []scopeItem {
	items := make([]scopeItem, 0, len(scopes))
	for _, scope := range scopes {
		items = append(items, scopeItem{scope, scopeWords(scope)})
	}
	return items
}

func scopeWords(scope string) string {
	switch scope {
	case "openid":
		return "Know who you are"
	case "profile":
		return "See your name"
	case "email":
		return "See your email address"
	case "offline_access", "offline":
		return "Stay logged in while you are away"
	case "all":
		return "Call every service for you"
	default:
		return "Call services that need the scope"
	}
}
