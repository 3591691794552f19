package mockserver

import (
	_ "embed"
	"maps"
	"net/http"
	"slices"

	"github.com/jetway-go/jetway/mockserver/internal/pages"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

//go:embed index.html
var indexContent string

// index is the page at the top of the HTTP side: what is served, and where.
type index struct {
	URL      string
	Sections []indexSection
}

type indexSection struct {
	Title string
	Items []indexItem
}

// indexItem has a link if a browser can open it, else an address or nothing.
type indexItem struct{ Name, Link, Address string }

// isIndex reports whether a request is for the index.
func isIndex(r *http.Request) bool {
	return r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

func (s *Server) serveIndex(w http.ResponseWriter) {
	s.index.Write(w, http.StatusOK, pages.Page{Title: "jetway mock server", Wide: true, Content: s.newIndex()})
}

func (s *Server) newIndex() index {
	m := s.oauth.Metadata()
	services := indexSection{Title: "gRPC services"}
	for _, name := range slices.Sorted(maps.Keys(s.grpc.GetServiceInfo())) {
		services.Items = append(services.Items, indexItem{Name: name})
	}
	sections := []indexSection{
		{"Pages", some(indexItem{Name: "Device page: type the code that a device shows", Link: s.oauth.DevicePage()})},
		{"Discovery", some(
			indexItem{Name: "Authorization server metadata (RFC 8414)", Link: s.metadataURL()},
			indexItem{Name: "OpenID Connect discovery", Link: m.Issuer + "/.well-known/openid-configuration"},
			indexItem{Name: "Signing keys (JWKS)", Link: m.JWKSURI},
		)},
		{"Endpoints for programs", some(
			indexItem{Name: "Token", Address: m.TokenEndpoint},
			indexItem{Name: "Authorization", Address: m.AuthorizationEndpoint},
			indexItem{Name: "Device authorization", Address: m.DeviceAuthorizationEndpoint},
			indexItem{Name: "Revocation", Address: m.RevocationEndpoint},
			indexItem{Name: "Introspection", Address: m.IntrospectionEndpoint},
			indexItem{Name: "Userinfo", Address: m.UserinfoEndpoint},
			indexItem{Name: "Objects, by signed URL only", Address: s.HTTPURL() + objectsPath + "/"},
		)},
		services,
	}
	sections = slices.DeleteFunc(sections, func(s indexSection) bool { return len(s.Items) == 0 })
	return index{URL: s.URL(), Sections: sections}
}

// some drops what the server does not serve.
func some(items ...indexItem) []indexItem {
	return slices.DeleteFunc(items, func(i indexItem) bool { return i.Link == "" && i.Address == "" })
}

// metadataURL is the address of the RFC 8414 document; empty without one.
func (s *Server) metadataURL() string {
	if slices.Contains(s.cfg.oauth.Quirks, oauth.QuirkNoRFC8414) {
		return ""
	}
	return s.HTTPURL() + "/.well-known/oauth-authorization-server" + s.cfg.issuerPath
}
