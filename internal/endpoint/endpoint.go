// Package endpoint parses the address of a backend once, for dialling, for HTTP and for
// the key of stored logins.
//
// Call [Parse]. It accepts a host with or without a port, https:// and http:// URLs, and
// gRPC targets (dns:///, unix:, passthrough:/// and every other scheme that has a
// resolver). For anything else it returns an error that says what is wrong and what
// would be right.
package endpoint

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Security is what the address itself says about TLS.
type Security int

const (
	// Unset leaves the choice to the options; the default there is TLS.
	Unset Security = iota
	// TLS is what https:// asks for.
	TLS
	// Plaintext is what http:// asks for, and what unix sockets use unless told
	// otherwise.
	Plaintext
)

// Endpoint is one parsed address. The zero value is no address at all.
type Endpoint struct {
	// Target is what grpc.NewClient takes.
	Target string
	// Host is the lower-case host name or IP address, without brackets; empty for
	// unix sockets and for schemes whose endpoint is no host.
	Host string
	// Port is the port number in digits; set whenever Host is.
	Port string
	// Security is the hint that the scheme gives.
	Security Security
	// Key is what logins are stored under. It equals, byte for byte, what Flyte's
	// Python client uses for the same text, so that a login of that client is found: the
	// text without scheme, with its port, its case kept. That is why localhost and
	// 127.0.0.1 have different keys; see OtherNames.
	Key string
	// Loopback is set when Host is this machine's loopback interface.
	Loopback bool
	// Local is set when nothing leaves this machine: loopback and unix sockets.
	Local bool
}

// Authority returns host:port, with brackets around an IPv6 address, or "" when
// there is no host.
func (e Endpoint) Authority() string {
	if e.Host == "" {
		return ""
	}
	return net.JoinHostPort(e.Host, e.Port)
}

// HTTPBase returns the URL of the host without a trailing slash, or "" when
// there is no host. The scheme's default port is left out.
func (e Endpoint) HTTPBase(plaintext bool) string {
	if e.Host == "" {
		return ""
	}
	scheme, usual := "https", "443"
	if plaintext {
		scheme, usual = "http", "80"
	}
	if e.Port != usual {
		return scheme + "://" + e.Authority()
	}
	return scheme + "://" + strings.TrimSuffix(net.JoinHostPort(e.Host, ""), ":")
}

// String returns host:port where there is a host, the target otherwise.
func (e Endpoint) String() string {
	if a := e.Authority(); a != "" {
		return a
	}
	return e.Target
}

// OtherNames returns the keys that the same address has under other names of this
// machine's loopback interface: a login stored under localhost:8090 is not found under
// 127.0.0.1:8090. It returns nil for all other addresses.
func (e Endpoint) OtherNames() []string {
	if !e.Loopback || !strings.HasPrefix(e.Target, "dns:") {
		return nil
	}
	hosts := []string{"localhost", "127.0.0.1", "[::1]"}
	own := slices.IndexFunc(hosts, func(host string) bool { return strings.Trim(host, "[]") == e.Host })
	if own < 0 { // 127.9.9.9, say, where another server may listen
		return nil
	}
	names := slices.Delete(hosts, own, own+1)
	for i := range names {
		names[i] += e.portInKey()
	}
	return names
}

// HasPort reports whether the address of a host named its port itself; false for
// passthrough:/// and for addresses without a host.
func (e Endpoint) HasPort() bool { return strings.HasPrefix(e.Target, "dns:") && e.portInKey() != "" }

// portInKey returns the port as it stands in the key, with its colon, or "".
func (e Endpoint) portInKey() string {
	if i := strings.LastIndexByte(e.Key, ':'); i > strings.LastIndexByte(e.Key, ']') {
		return e.Key[i:]
	}
	return ""
}

// IsLoopback reports whether host is certainly this machine itself: a loopback
// address, or "localhost", which Go looks up in the hosts file first. It is false for
// names below localhost and for "localhost." with a dot, in spite of RFC 6761 §6.3: Go
// asks a name server for them, which may return any address. All of the client asks it
// before it sends a secret without TLS.
func IsLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
