package apikey

import (
	"encoding/base64"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxLength = 16 << 10
	shape     = "endpoint:client_id:client_secret:org"
)

// Decode reads an API key. White space, missing padding and the URL-safe
// alphabet of base64 are accepted, any other stray character is not.
func Decode(text string) (Key, error) {
	plain, err := decodeBase64(text)
	if err != nil {
		return Key{}, err
	}
	switch {
	case !utf8.ValidString(plain):
		return Key{}, wrong("does not hold text; was it cut or changed on the way?")
	case strings.ContainsFunc(plain, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Key{}, wrong("has a control character inside; was it encoded with a line break in it?")
	}
	return split(plain)
}

func decodeBase64(text string) (string, error) {
	if len(text) > maxLength {
		return "", wrong("is longer than %d bytes", maxLength)
	}
	text = strings.Join(strings.Fields(text), "") // line-wrapped keys are fine
	body := strings.TrimRight(text, "=")
	std, url := strings.ContainsAny(body, "+/"), strings.ContainsAny(body, "-_")
	switch {
	case body == "":
		return "", wrong("is empty; pass one, or set FLYTE_API_KEY")
	case strings.ContainsAny(body, `"'`+"`"):
		return "", wrong("has quotes around it; remove them")
	case strings.ContainsFunc(body, isStray):
		return "", wrong("is not base64; copy it again, whole")
	case std && url:
		return "", wrong("mixes the standard and the URL-safe alphabet of base64")
	case len(text)-len(body) > 2:
		return "", wrong("has more padding than base64 can have; was it cut or joined?")
	case len(body)%4 == 1:
		return "", wrong("is cut off: base64 cannot have this length")
	}
	encoding := base64.RawStdEncoding
	if url {
		encoding = base64.RawURLEncoding
	}
	plain, err := encoding.DecodeString(body)
	if err != nil {
		return "", wrong("is not base64; copy it again, whole") // the cause would only tell a position
	}
	return strings.TrimRight(string(plain), "\r\n"), nil // "echo … | base64" adds one
}

func isStray(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && !strings.ContainsRune("+/-_", r)
}

// beforeHost matches what may stand before the host, or before a socket's path,
// and can have colons of its own.
var beforeHost = regexp.MustCompile(`^(?i:https?)://|^(?i:unix):(//)?/|` +
	`^[A-Za-z][A-Za-z0-9+.-]*://((\[[^\]]*\]|[^/:]*)(:[0-9]+)?/)?`)

// split reads the four parts from their known ends: the endpoint with its scheme
// and port first, the organization last.
func split(plain string) (Key, error) {
	scheme := beforeHost.FindString(plain)
	rest := plain[len(scheme):]
	brackets := ""
	if strings.HasPrefix(rest, "[") { // the colons of an IPv6 address separate nothing
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return Key{}, wrong("has an endpoint with [ without ]")
		}
		brackets, rest = rest[:end+1], rest[end+1:]
	}

	fields, err := four(scheme+brackets, strings.Split(rest, ":"))
	if err != nil {
		return Key{}, err
	}
	k := Key{Endpoint: scheme + brackets + fields[0], ClientID: fields[1], Secret: NewSecret(fields[2]), Org: fields[3]}
	if k.Org == "None" { // how Python clients have written an absent organization
		k.Org = ""
	}
	switch {
	case brackets+fields[0] == "":
		return Key{}, wrong("has an empty endpoint (of %s)", shape)
	case k.ClientID == "":
		return Key{}, wrong("has an empty client id (of %s)", shape)
	case fields[2] == "":
		return Key{}, wrong("has an empty client secret (of %s)", shape)
	}
	return k, nil
}

// four makes four fields of what stands between the colons, when there is one
// reading in which as few parts as possible have a colon in them. Before the first
// field stood a scheme, brackets, both or nothing. A number in the second of four may be a
// port: then the last field is the secret, which must not be taken for an organization.
func four(before string, fields []string) ([]string, error) {
	switch {
	case len(fields) < 4:
		return nil, wrong("has %d of the 4 parts of %s", len(fields), shape)
	case len(fields) == 4 && isPort(fields[1]):
		theirs := "Flyte's own clients would read the number as the client id, " +
			"the part after it as the secret and the last one as the organization"
		if before != "" {
			theirs = "Flyte's own clients would split it at a colon of the endpoint"
		}
		return nil, wrong("is ambiguous: the number after the host is either its port, and a part is missing, or a client id (%s); "+
			"if it is the port and there is no organization, end the key with a colon; "+
			"if it is the client id, pass endpoint, client id and secret as options (%s)", theirs, shape)
	case len(fields) == 4:
		return fields, nil
	}
	return join(before, fields)
}

// join turns five or more fields into four.
func join(before string, fields []string) ([]string, error) {
	port := isPort(fields[1])
	switch last := fields[len(fields)-1]; {
	case !orgName.MatchString(last):
		return nil, wrong("is ambiguous: it has more than 3 colons and does not end in an organization's name; "+
			"use a key whose secret has no colon, or pass endpoint, client id and secret as options (%s)", shape)
	case port && len(fields) == 5: // host:port, id, secret, org: no part with a stray colon
		return []string{fields[0] + ":" + fields[1], fields[2], fields[3], fields[4]}, nil
	case port:
		return nil, wrong("is ambiguous: the number after the host can be a port or a client id, and the secret has a colon; "+
			"write the endpoint with a scheme and the key of a secret without colon, or pass them as options (%s)", shape)
	case endpointHasColon(before, fields):
		return nil, wrong("is ambiguous: a colon can belong to the endpoint or to the secret; "+
			"write the endpoint as https://host, dns:///host or [IPv6 address], without a user, or pass the parts as options (%s)", shape)
	default: // host, id, secret with colons, org
		return []string{fields[0], fields[1], strings.Join(fields[2:len(fields)-1], ":"), last}, nil
	}
}

// endpointHasColon reports whether the fields after the first may still belong to
// the endpoint: a scheme without slashes, a socket's path, user:password@host, an
// IPv6 address without brackets.
func endpointHasColon(before string, fields []string) bool {
	if before == "" && schemeName.MatchString(fields[0]) || schemeUnix.MatchString(before) || strings.Contains(fields[1], "@") {
		return true
	}
	for i := range fields {
		if _, err := netip.ParseAddr(strings.Join(fields[:i], ":")); i > 1 && err == nil {
			return true
		}
	}
	return false
}

var (
	schemeName = regexp.MustCompile(`^(?i:https?|dns|unix|unix-abstract|passthrough|xds)$`)
	schemeUnix = regexp.MustCompile(`^(?i:unix|unix-abstract):`)
)

var orgName = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}
