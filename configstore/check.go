package configstore

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText and maxList bound what a server may put into one value and one list;
// real ones are far below.
const (
	maxText = 4096
	maxList = 256
)

// check returns what is wrong with a configuration that came from a server. What the
// program sets itself is not checked.
func (c ClientConfig) check() error {
	for _, e := range []struct{ field, value string }{
		{"token_endpoint", c.TokenEndpoint},
		{"authorization_endpoint", c.AuthorizationEndpoint},
		{"device_authorization_endpoint", c.DeviceAuthorizationEndpoint},
		{"revocation_endpoint", c.RevocationEndpoint},
	} {
		if e.value == "" {
			continue
		}
		if _, err := checkURL(e.field, e.value); err != nil {
			return err
		}
	}
	for _, t := range []struct{ field, value string }{
		{"issuer", c.Issuer},
		{"client_id", c.ClientID},
		{"redirect_uri", c.RedirectURI},
		{"audience", c.Audience},
	} {
		if err := checkText(t.field, t.value); err != nil {
			return err
		}
	}
	if err := checkList("scopes", c.Scopes); err != nil {
		return err
	}
	if err := checkList("token_endpoint_auth_methods_supported", c.AuthMethods); err != nil {
		return err
	}
	return checkHeaderKey(c.HeaderKey)
}

// checkURL accepts an absolute https URL, or an http one that stays on this
// machine, with neither user information nor fragment (RFC 6749 §3.1, §3.2).
// Messages never quote the value: it may hold a password.
func checkURL(field, raw string) (*url.URL, error) {
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
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, invalid("%s is plain http to %q; https is needed, http serves loopback addresses only", field, u.Hostname())
	}
	return u, nil
}

// checkIssuer accepts what RFC 8414 §2 calls an issuer: a URL as in checkURL
// and without a query.
func checkIssuer(field, raw string) (*url.URL, error) {
	if raw == "" {
		return nil, invalid("%s is empty; a URL such as https://login.example.com is needed", field)
	}
	u, err := checkURL(field, raw)
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

// loopback reports whether host is certainly this machine: a loopback address, or
// "localhost" itself. Go looks up other names, even those below localhost (RFC 6761
// §6.3), at a name server, which may return any address.
func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
