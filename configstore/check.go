package configstore

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jetway-go/jetway/internal/endpoint"
)

// maxText and maxList bound what a server may put into one value and one list;
// real ones are far below.
const (
	maxText = 4096
	maxList = 256
)

// Fields that no flow names in [Ask].
const (
	fieldIssuer      Field = "issuer"
	fieldRedirectURI Field = "redirect_uri"
	fieldAudience    Field = "audience"
	fieldScopes      Field = "scopes"
	fieldAuthMethods Field = "token_endpoint_auth_methods_supported"
	fieldHeaderKey   Field = "authorization_metadata_key"
	fieldIssRequired Field = "authorization_response_iss_parameter_supported"
)

// flaw is what is wrong with one field.
type flaw struct {
	field Field
	err   error
}

// optional reports whether a login can do without the field. The others would send a
// token under another key, for other scopes or from another server than was meant.
func (f flaw) optional() bool {
	switch f.field {
	case FieldAuthorizationEndpoint, FieldDeviceAuthorizationEndpoint, FieldRevocationEndpoint, fieldRedirectURI, fieldAuthMethods,
		fieldIssRequired:
		return true
	default:
		return false
	}
}

// flaws returns what is wrong with a configuration that came from a server. What the
// program sets itself is not checked. Plaintext are the hosts that need no TLS.
func (c ClientConfig) flaws(plaintext ...string) (list []flaw) {
	add := func(f Field, err error) {
		if err != nil {
			list = append(list, flaw{f, err})
		}
	}
	for _, e := range []struct {
		field Field
		value string
	}{
		{FieldTokenEndpoint, c.TokenEndpoint},
		{FieldAuthorizationEndpoint, c.AuthorizationEndpoint},
		{FieldDeviceAuthorizationEndpoint, c.DeviceAuthorizationEndpoint},
		{FieldRevocationEndpoint, c.RevocationEndpoint},
	} {
		if e.value == "" {
			continue
		}
		_, err := checkURL(string(e.field), e.value, plaintext...)
		add(e.field, err)
	}
	for _, t := range []struct {
		field Field
		value string
	}{
		{fieldIssuer, c.Issuer},
		{FieldClientID, c.ClientID},
		{fieldRedirectURI, c.RedirectURI},
		{fieldAudience, c.Audience},
	} {
		add(t.field, checkText(string(t.field), t.value))
	}
	add(fieldScopes, checkList(string(fieldScopes), c.Scopes))
	add(fieldAuthMethods, checkList(string(fieldAuthMethods), c.AuthMethods))
	add(fieldHeaderKey, checkHeaderKey(c.HeaderKey))
	return list
}

// Check returns why clients do not use a configuration, or one of its fields, that a server
// tells them, for servers that tell one. The error wraps [ErrInvalid] and names the field
// as the protocol does. Remote and Discovery go without an optional field that is
// unusable, and refuse the rest.
func (c ClientConfig) Check() error { return c.check() }

// check returns the first of the flaws.
func (c ClientConfig) check(plaintext ...string) error {
	if list := c.flaws(plaintext...); len(list) > 0 {
		return list[0].err
	}
	return nil
}

// without returns c without the fields of list.
func (c ClientConfig) without(list []flaw) ClientConfig {
	for _, f := range list {
		switch f.field {
		case FieldTokenEndpoint:
			c.TokenEndpoint = ""
		case FieldAuthorizationEndpoint:
			c.AuthorizationEndpoint = ""
		case FieldDeviceAuthorizationEndpoint:
			c.DeviceAuthorizationEndpoint = ""
		case FieldRevocationEndpoint:
			c.RevocationEndpoint = ""
		case FieldClientID:
			c.ClientID = ""
		case fieldIssuer:
			c.Issuer = ""
		case fieldRedirectURI:
			c.RedirectURI = ""
		case fieldAudience:
			c.Audience = ""
		case fieldScopes:
			c.Scopes = nil
		case fieldAuthMethods:
			c.AuthMethods = nil
		case fieldHeaderKey:
			c.HeaderKey = ""
		case fieldIssRequired:
			c.IssRequired = false
		}
	}
	return c
}

// sound returns c without the optional fields that must not be used. It returns a
// [*flawedError] if others are unusable too, or if an unusable one is all that there is.
func (c ClientConfig) sound(list []flaw) (ClientConfig, error) {
	rest := c.without(list)
	bad := slices.DeleteFunc(slices.Clone(list), flaw.optional)
	switch {
	case len(bad) > 0:
		return ClientConfig{}, &flawedError{bad[0].err, rest, bad}
	case len(list) > 0 && rest.TokenEndpoint == "":
		return ClientConfig{}, &flawedError{list[0].err, rest, list}
	default:
		return rest, nil
	}
}

// flawedError is that of the first unusable field; rest are the usable ones.
type flawedError struct {
	error

	rest ClientConfig
	bad  []flaw
}

func (e *flawedError) Unwrap() error { return e.error }

// mended returns the usable fields with those of over, and reports whether over sets
// every field that is unusable.
func (e *flawedError) mended(over ClientConfig) (ClientConfig, bool) {
	for _, f := range e.bad {
		if !f.optional() && !over.has(f.field) {
			return ClientConfig{}, false
		}
	}
	return e.rest.WithOverride(over), true
}

// checkURL accepts an absolute https URL, or an http one that stays on this machine or
// goes to one of the hosts in plaintext, with neither user information nor fragment
// (RFC 6749 §3.1, §3.2).
// Messages never quote the value: it may hold a password.
func checkURL(field, raw string, plaintext ...string) (*url.URL, error) {
	if err := checkText(field, raw); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(raw, unicode.IsSpace) {
		return nil, invalid("%s contains white space", field)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, invalid("%s is not a URL", field)
	case u.User != nil:
		return nil, invalid("%s contains a user name or password; a URL without them is needed", field)
	case u.Scheme == "":
		return nil, invalid("%s has no scheme; a URL that begins with https:// is needed", field)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, invalid("%s has the scheme %q; https is needed", field, u.Scheme)
	case u.Hostname() == "":
		return nil, invalid("%s names no host", field)
	case strings.Contains(raw, "#"):
		return nil, invalid("%s has a fragment (#…); a URL without one is needed", field)
	case u.Scheme == "http" && !endpoint.IsLoopback(u.Hostname()) && !slices.Contains(plaintext, strings.ToLower(u.Hostname())):
		return nil, invalid("%w", &plaintextError{field, u.Hostname()})
	}
	return u, nil
}

// checkIssuer accepts what RFC 8414 §2 calls an issuer: a URL as in checkURL
// and without a query.
func checkIssuer(field, raw string, plaintext ...string) (*url.URL, error) {
	if raw == "" {
		return nil, invalid("%s is empty; a URL such as https://login.example.com is needed", field)
	}
	u, err := checkURL(field, raw, plaintext...)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, invalid("%s has a query (?…); a URL without one is needed", field)
	}
	return u, nil
}

// checkText refuses text that could end a line or a header, or control a terminal.
func checkText(field, s string) error {
	switch {
	case len(s) > maxText:
		return invalid("%s is %d bytes long; at most %d are accepted", field, len(s), maxText)
	case !utf8.ValidString(s):
		return invalid("%s is not UTF-8 text", field)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
		return invalid("%s contains a control character", field)
	}
	return nil
}

func checkList(field string, list []string) error {
	if len(list) > maxList {
		return invalid("%s has %d values; at most %d are accepted", field, len(list), maxList)
	}
	for _, s := range list {
		if err := checkText(field, s); err != nil {
			return err
		}
	}
	return nil
}

// reservedKey reports whether key belongs to HTTP/2 or gRPC: a token under it would
// break the call or be lost.
func reservedKey(key string) bool {
	switch key {
	case "connection", "content-length", "content-type", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
		"upgrade", "user-agent":
		return true
	}
	return strings.HasSuffix(key, "-bin") || strings.HasPrefix(key, "grpc-")
}

// checkHeaderKey accepts a lower-case gRPC metadata key for text values.
func checkHeaderKey(key string) error {
	if key == "" {
		return nil
	}
	if err := checkText("authorization_metadata_key", key); err != nil {
		return err
	}
	legal := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
	}
	switch {
	case strings.ContainsFunc(key, func(r rune) bool { return !legal(r) }):
		return invalid("authorization_metadata_key %q is no metadata key; only letters, digits, '-', '_' and '.' may occur", key)
	case reservedKey(key):
		return invalid("authorization_metadata_key %q is reserved; \"authorization\" is the usual one", key)
	}
	return nil
}
