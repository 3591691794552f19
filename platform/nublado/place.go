package nublado

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
)

// place is where Nublado and one user's lab may be. Only addresses in it are requested.
type place struct {
	base *url.URL // of the hub, without a slash at its end
	path []string // the segments of its path
	user string
	labs []*url.URL // bases at further servers
}

// origin is scheme, host and port.
type origin struct{ scheme, host, port string }

func originOf(u *url.URL) origin {
	o := origin{strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()}
	if o.port == "" {
		o.port = map[string]string{"https": "443", "http": "80"}[o.scheme]
	}
	return o
}

func newPlace(base, user string) (place, error) {
	if err := gafaelfawr.CheckUsername(user); err != nil {
		return place{}, err
	}
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(base), "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return place{}, errors.New("the base is not a URL such as https://data.example.com/nb, without user and query")
	}
	path, ok := segments(u)
	if !ok {
		return place{}, errors.New("the base has a path with an empty part, . or .. in it")
	}
	return place{base: u, path: path, user: user}, nil
}

// segments returns the parts of a path; ok is false if a server, or a proxy in front of it,
// may take it for another one.
func segments(u *url.URL) (parts []string, ok bool) {
	path := strings.TrimSuffix(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if path == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(part)
		if err != nil || plain == "" || plain == "." || plain == ".." || strings.ContainsAny(plain, `/\`) {
			return nil, false
		}
		parts = append(parts, plain)
	}
	return parts, true
}

// below returns the segments of u below the path of the base. Ok is false if u is not at
// one of the servers, or not below.
func (p place) below(u *url.URL) (parts []string, ok bool) {
	if u.User != nil || u.Host == "" || u.Opaque != "" {
		return nil, false
	}
	if at := originOf(u); at != originOf(p.base) && p.labAt(at) == nil {
		return nil, false
	}
	parts, ok = segments(u)
	if !ok || len(parts) < len(p.path) || !slices.Equal(parts[:len(p.path)], p.path) {
		return nil, false
	}
	return parts[len(p.path):], true
}

// labAt returns the base at a server of the user's own; nil if it is none.
func (p place) labAt(server origin) *url.URL {
	for _, lab := range p.labs {
		if originOf(lab) == server {
			return lab
		}
	}
	return nil
}

// follow returns where a redirect leads, if that may be requested: to Nublado, and to no
// lab but the user's own.
func (p place) follow(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil {
		return nil, errors.New("it has no valid address")
	}
	to.Fragment, to.RawFragment = "", ""
	parts, ok := p.below(to)
	switch {
	case !ok && strings.EqualFold(to.Hostname(), p.user+"."+p.base.Hostname()):
		return to, fmt.Errorf("it leads to %s; if labs have hosts of their own, set UserSubdomains and WithUserSubdomains", bare(to))
	case !ok:
		return to, fmt.Errorf("it leads away from Nublado, to %s", bare(to))
	case len(parts) > 1 && parts[0] == dirUser && parts[1] != p.user:
		return to, fmt.Errorf("it leads to another user's lab, %s", bare(to))
	}
	return to, nil
}

// bare returns a URL without user, query and fragment, which may hold secrets.
func bare(u *url.URL) string {
	b := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return b.String()
}

// Directories of Nublado.
const (
	dirHub  = "hub"
	dirUser = "user"
)

// at returns the address of a resource below a base, such as hub, api, users, ada.
func at(base *url.URL, names ...string) *url.URL {
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = url.PathEscape(name)
	}
	return base.JoinPath(escaped...)
}

func (p place) hub(names ...string) *url.URL {
	return at(p.base, append([]string{dirHub}, names...)...)
}

// lab returns the address of a resource of the lab.
func (p place) lab(v *visit, names ...string) *url.URL {
	base := p.base
	if found := v.lab.Load(); found != nil {
		base = found
	}
	return at(base, append([]string{dirUser, p.user}, names...)...)
}

// isAt reports whether u is the resource with these names, or below it.
func (p place) isAt(u *url.URL, names ...string) bool {
	parts, ok := p.below(u)
	return ok && len(parts) >= len(names) && slices.Equal(parts[:len(names)], names)
}
