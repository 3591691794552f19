package endpoint

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseAuthority reads host, host:port, [ipv6] or [ipv6]:port.
func parseAuthority(s, defaultPort string) (Endpoint, error) {
	switch {
	case s == "":
		return Endpoint{}, wrong("has no host")
	case strings.Contains(s, "@"):
		return Endpoint{}, errUser
	case strings.Contains(s, "?"):
		return Endpoint{}, wrong("has a query (?…) in it; give host and port only")
	case strings.Contains(s, "#"):
		return Endpoint{}, wrong("has a fragment (#…) in it; give host and port only")
	case strings.Contains(s, "/"):
		return Endpoint{}, wrong("has a path in it; gRPC needs host and port only")
	case strings.Contains(s, `\`):
		return Endpoint{}, wrong("has a backslash in it")
	case strings.Contains(s, ","):
		return Endpoint{}, wrong("names several addresses; give one name that resolves to all of them")
	}
	host, port, err := splitPort(s)
	if err != nil {
		return Endpoint{}, err
	}
	if port == "" {
		port = defaultPort
	}
	loopback := IsLoopback(host)
	return Endpoint{Host: host, Port: port, Loopback: loopback, Local: loopback}, nil
}

func splitPort(s string) (host, port string, err error) {
	rest := ""
	if after, ok := strings.CutPrefix(s, "["); ok {
		if host, rest, ok = strings.Cut(after, "]"); !ok {
			return "", "", wrong("has [ without ]")
		}
		ip, perr := netip.ParseAddr(host)
		switch {
		case perr != nil || !ip.Is6():
			return "", "", wrong("has no IPv6 address between the brackets")
		case ip.Zone() != "":
			return "", "", wrong("has an IPv6 zone in it, which gRPC targets do not take")
		}
		host = ip.String()
		if rest != "" && !strings.HasPrefix(rest, ":") {
			return "", "", wrong("has text between ] and the port")
		}
	} else {
		host = s
		if i := strings.IndexByte(s, ':'); i >= 0 {
			host, rest = s[:i], s[i:]
		}
		if strings.Count(rest, ":") > 1 {
			return "", "", wrong("has more than one colon; write an IPv6 address in brackets: [::1]:8090")
		}
		host = strings.ToLower(host)
		if err := checkName(host); err != nil {
			return "", "", err
		}
	}
	if rest == "" {
		return host, "", nil
	}
	port = rest[1:]
	n, perr := strconv.ParseUint(port, 10, 16)
	if perr != nil || n == 0 || !allDigits(port) {
		return "", "", wrong("port %q is not a number from 1 to 65535", clip(port))
	}
	return host, strconv.FormatUint(n, 10), nil
}

// checkName takes host names and IPv4 addresses. Underscores are no part of host
// names, but container networks have them.
func checkName(host string) error {
	if host == "" {
		return wrong("has no host before the port")
	}
	if len(host) > 253 {
		return wrong("host is longer than 253 bytes")
	}
	for i, r := range host {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
		case r > 0x7f:
			return wrong("host has a character outside ASCII at byte %d; write it in its xn-- form", i)
		default:
			return wrong("host has the character %q in it", r)
		}
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		switch {
		case label == "":
			return wrong("host has an empty label (two dots in a row, or one in front)")
		case len(label) > 63:
			return wrong("host has a label longer than 63 bytes; is it an API key?")
		}
	}
	return nil
}

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

func clip(s string) string {
	if len(s) > 12 {
		return s[:12] + "…"
	}
	return s
}
