package endpoint

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc/resolver"
)

const maxLength = 2048

// Parse reads an address. The schemes named in known are taken as having a
// resolver in addition to those registered with gRPC.
func Parse(text string, known ...string) (Endpoint, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Endpoint{}, wrong("is empty; give a host such as flyte.example.com")
	case len(text) > maxLength:
		return Endpoint{}, wrong("is longer than %d bytes", maxLength)
	case strings.ContainsFunc(text, isControl):
		return Endpoint{}, wrong("has a space or a control character in it, maybe one that does not show; type it anew")
	}

	scheme, rest := splitScheme(text)
	switch scheme {
	case "", "https", "http":
		return parseHTTP(scheme, rest)
	case "dns":
		return parseDNS(rest)
	case "unix", "unix-abstract":
		return parseUnix(scheme, rest, text)
	case "passthrough":
		return parsePassthrough(rest, text)
	}
	if resolver.Get(scheme) == nil && !slices.Contains(known, scheme) {
		return Endpoint{}, wrong("scheme %q is not supported; use https://, dns:/// or a bare host, "+
			"or import the package that registers its gRPC resolver", scheme)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Endpoint{}, errEscape
	case u.User != nil:
		return Endpoint{}, errUser
	}
	return Endpoint{Target: text, Key: stripScheme(text)}, nil
}

// Targets are URLs to gRPC, so a % must be an escape.
var errEscape = wrong("has a %% in it that is no URL escape such as %%20")

var errUser = wrong("has user information in it; credentials belong in options, not in an address")

// isControl reports whether r cannot be in an address. That includes characters that
// are copied unseen, such as a zero-width space, and those that reverse text in a
// terminal.
func isControl(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError
}

// splitScheme cuts the lower-case scheme off; what follows keeps its slashes.
// "host:8090" has none, although it looks like one.
func splitScheme(text string) (scheme, rest string) {
	before, after, ok := strings.Cut(text, ":")
	if !ok || !isScheme(before) {
		return "", text
	}
	name := strings.ToLower(before)
	switch {
	case strings.HasPrefix(after, "//"):
		return name, after
	case name == "dns" && !allDigits(after), // dns:8090 is a host called dns
		strings.HasPrefix(name, "unix") && (name == "unix" || name == "unix-abstract") && !allDigits(after):
		return name, after
	}
	return "", text
}

func isScheme(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", r)) {
			return false
		}
	}
	return s != ""
}

// parseHTTP reads a bare authority or one behind http:// or https://.
func parseHTTP(scheme, rest string) (Endpoint, error) {
	authority := strings.TrimPrefix(rest, "//")
	if scheme == "" {
		authority = rest
	}
	port, security := "443", Unset
	switch scheme {
	case "https":
		security = TLS
	case "http":
		port, security = "80", Plaintext
	}
	authority = strings.TrimRight(authority, "/")
	e, err := parseAuthority(authority, port)
	if err != nil {
		return Endpoint{}, err
	}
	e.Security = security
	e.Target = "dns:///" + e.Authority()
	e.Key = authority
	return e, nil
}

// parseDNS reads dns:host, dns:///host and dns://nameserver/host, each with or
// without a port.
func parseDNS(rest string) (Endpoint, error) {
	server, name := "", rest
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		if server, name, ok = strings.Cut(after, "/"); !ok {
			return Endpoint{}, wrong("dns:// takes three slashes before the host: dns:///host:port")
		}
	}
	name = strings.TrimLeft(strings.TrimRight(name, "/"), "/")
	e, err := parseAuthority(name, "443")
	if err != nil {
		return Endpoint{}, err
	}
	if server != "" {
		ns, err := parseAuthority(server, "53")
		if err != nil {
			return Endpoint{}, wrong("name server in dns://server/host %s", strings.TrimPrefix(err.Error(), prefix))
		}
		server = ns.Authority()
		if _, err := netip.ParseAddr(e.Host); err != nil { // that server may return any address for localhost
			e.Loopback, e.Local = false, false
		}
	}
	e.Target = "dns://" + server + "/" + e.Authority()
	e.Key = name
	return e, nil
}

func parseUnix(scheme, rest, text string) (Endpoint, error) {
	path := rest
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		if !strings.HasPrefix(after, "/") {
			return Endpoint{}, wrong("%s:// takes an absolute path and no host: %s:///path/to/socket", scheme, scheme)
		}
		path = after
	}
	if strings.Trim(path, "/") == "" {
		return Endpoint{}, wrong("%s: needs the path of a socket", scheme)
	}
	if strings.ContainsAny(path, "?#%") {
		return Endpoint{}, wrong("the path of a socket cannot contain ?, # or %%")
	}
	return Endpoint{Target: scheme + ":" + rest, Security: Plaintext, Key: stripScheme(text), Local: true}, nil
}

// parsePassthrough leaves the address to the dialer; a host in it decides only whether
// it is local.
func parsePassthrough(rest, text string) (Endpoint, error) {
	after, ok := strings.CutPrefix(rest, "///")
	if !ok {
		return Endpoint{}, wrong("passthrough takes three slashes: passthrough:///address")
	}
	after = strings.TrimRight(after, "/")
	if after == "" {
		return Endpoint{}, wrong("passthrough:/// needs an address")
	}
	if _, err := url.Parse("passthrough:///" + after); err != nil {
		return Endpoint{}, errEscape
	}
	e, err := parseAuthority(after, "443")
	if err != nil {
		e = Endpoint{}
	}
	e.Target = "passthrough:///" + after
	e.Key = strings.TrimRight(stripScheme(text), "/")
	return e, nil
}

// stripScheme is the rule of Flyte's Python client for text whose scheme is not
// dns: host and path when there is a host, else the text as it is.
func stripScheme(text string) string {
	_, after, ok := strings.Cut(text, "://")
	if !ok || strings.HasPrefix(after, "/") || after == "" {
		return text
	}
	if i := strings.IndexAny(after, "?#"); i >= 0 {
		after = after[:i]
	}
	return after
}
