package authserver

import (
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// grantedScopes checks the requested scopes against the allowed ones; a request without
// scopes gets all (RFC 6749 section 3.3).
func grantedScopes(asked string, allowed []string) ([]string, *protocolError) {
	scopes := []string{}
	for scope := range strings.SplitSeq(asked, " ") {
		switch {
		case scope == "" || slices.Contains(scopes, scope):
		case !validScope(scope):
			return nil, refuse(codeInvalidScope, "a scope is printable ASCII without quote and backslash")
		case !slices.Contains(allowed, scope):
			return nil, refuse(codeInvalidScope, "a requested scope is not allowed; allowed: "+strings.Join(allowed, " "))
		default:
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return slices.Clone(allowed), nil
	}
	return scopes, nil
}

// clientScopes returns the scopes that a client gets. A request without scopes gets all
// but [oauth.Config.OfflineScope], which has to be requested.
func (s *Server) clientScopes(c oauth.Client, f form) ([]string, *protocolError) {
	scopes, perr := grantedScopes(f.get("scope"), c.Scopes)
	if perr != nil || strings.TrimSpace(f.get("scope")) != "" {
		return scopes, perr
	}
	return slices.DeleteFunc(scopes, func(scope string) bool { return scope == s.cfg.OfflineScope }), nil
}

// validScope is scope-token of RFC 6749 section 3.3.
func validScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}

// narrowed returns the audience of a token from a login with the audiences granted: the
// requested ones must be among them (RFC 8707 section 2.2), unless there are none.
func (s *Server) narrowed(f form, granted []string) ([]string, *protocolError) {
	if !f.has("audience") && !f.has("resource") {
		return granted, nil
	}
	asked, perr := s.audiences(f)
	if perr != nil {
		return nil, perr
	}
	for _, a := range asked {
		if len(granted) > 0 && !slices.Contains(granted, a) {
			return nil, refuse(codeInvalidTarget, "the login was for another audience or resource; it was for "+strings.Join(granted, " "))
		}
	}
	return asked, nil
}

// audiences returns the requested audiences: the common audience parameter, and the
// resource of RFC 8707, which must be an absolute URI without a fragment.
func (s *Server) audiences(f form) ([]string, *protocolError) {
	asked := slices.Clone(f["audience"])
	for _, resource := range f["resource"] {
		u, err := url.Parse(resource)
		if err != nil || !u.IsAbs() || u.Fragment != "" || strings.Contains(resource, "#") {
			return nil, refuse(codeInvalidTarget, "resource must be an absolute URI without a fragment (RFC 8707 section 2)")
		}
		if !slices.Contains(asked, resource) {
			asked = append(asked, resource)
		}
	}
	for _, a := range asked {
		if len(s.cfg.Audiences) > 0 && !slices.Contains(s.cfg.Audiences, a) {
			return nil, refuse(codeInvalidTarget, "unknown audience or resource; known: "+strings.Join(s.cfg.Audiences, " "))
		}
	}
	if len(asked) == 0 && s.cfg.DefaultAudience != "" {
		return []string{s.cfg.DefaultAudience}, nil
	}
	return asked, nil
}
