// Package advice says what a person can do about a connection that cannot be made.
//
// The errors of a client and the report of package doctor give the same advice for the
// same trouble: its words are here, together with what tells the kinds of trouble with
// certificates apart. Fill in a [Settings] and call the method for the trouble. No advice
// contains a secret.
package advice

import "cmp"

// Settings are what a system calls its settings, as platform.Settings has them. The advice
// names an option of package clientset in place of an empty one.
type Settings struct {
	Endpoint string // the backend's address
	Insecure string // no TLS
	CAFile   string // the PEM file of certificates to trust
	ProxyURL string // the HTTP proxy
}

// Proxy is a proxy, without its password.
type Proxy struct {
	Scheme, Address string // Address: host:port
	From            string // the setting that names it
}

// In names the setting in which something is written, with a space in front; "" if the
// system has none.
func In(setting string) string {
	if setting == "" {
		return ""
	}
	return " in " + setting
}

// NoALPN is also for load balancers that are old or badly set up.
func (s Settings) NoALPN() string {
	return "a web server answers there, not gRPC, or a load balancer that does not offer HTTP/2 (h2 in ALPN): turn HTTP/2 on there, " +
		"or check the address" + In(s.Endpoint)
}

// WebServer is for servers that speak HTTP/1.1 only.
func (s Settings) WebServer() string {
	return "a web server answers there, not gRPC: check the address" + In(s.Endpoint) +
		", which needs host and port of the gRPC service; if it is a proxy in front of that, turn HTTP/2 on there"
}

// WebPage is for pages that answer calls.
func (s Settings) WebPage() string {
	return "a web page answered instead of the backend: check the address" + In(s.Endpoint) +
		"; it may be the page of a proxy that wants a login of its own, see WithProxyFlow"
}

// FrontProxyLogin is for a proxy that answers calls with 407.
func FrontProxyLogin() string {
	return "a proxy in front of the backend wants a login of its own, or another one: see WithProxyFlow"
}

// HTTP1Behind is for load balancers that do not pass HTTP/2 on.
func HTTP1Behind() string {
	return "something in front of the backend speaks HTTP/1.1 to it, which is not gRPC: set HTTP/2 (or gRPC) as the protocol " +
		"between load balancer, or proxy, and backend"
}

// NoTLS is for TLS with a server that speaks none.
func (s Settings) NoTLS() string {
	return "if the backend speaks no TLS there, write http://" + In(s.Endpoint) + s.orInsecure(" or set ", " or add ")
}

// WantsTLS is for a server with TLS that is called without.
func (s Settings) WantsTLS() string {
	return "if the backend wants TLS there, write https://" + In(s.Endpoint) + s.orInsecure(" or drop ", " or drop ")
}

// orInsecure names the setting for connections without TLS, if there is one: a
// system's users know its own names, not those of options.
func (s Settings) orInsecure(set, add string) string {
	switch {
	case s.Insecure != "":
		return set + s.Insecure
	case s.Endpoint != "":
		return ""
	default:
		return add + "WithInsecure"
	}
}

// NoAddress is for a name that DNS does not know.
func (s Settings) NoAddress(name string) string {
	return "the name " + name + " has no address: check how it is spelt" + In(s.Endpoint) + ", DNS and VPN"
}

// Refused is for an address at which no program listens.
func (s Settings) Refused() string {
	return "is the backend running at this address and port" + In(s.Endpoint) + "?"
}

// NoNetwork is for a machine without a way there.
func NoNetwork() string {
	return "this machine has no network, or none that leads there: check its connection, DNS and VPN"
}

// Authority is for a certificate whose authority is not trusted.
func (s Settings) Authority() string {
	return "if the certificate is signed by an authority of your own, name a PEM file with it in " + s.TrustSetting()
}

// TrustSetting names the setting for certificates to trust.
func (s Settings) TrustSetting() string {
	return cmp.Or(s.CAFile, "WithCAFile, or give WithCAPEM its certificate")
}

// Certificate is for errors that [IsPermanent] reports, of the connection to the backend.
func (s Settings) Certificate(err error) string {
	switch {
	case IsUnknownAuthority(err):
		return s.Authority()
	case IsWrongName(err):
		return "check the address" + In(s.Endpoint) + "; if it is right, WithServerName sets a name that is in the backend's certificate"
	case WantsCertificate(err):
		return "the backend wants a certificate of this client: WithClientCertificate, or WithClientCertificatePEM"
	case RefusesCertificate(err):
		return "the backend does not accept the certificate of this client: check that of WithClientCertificate or WithClientCertificatePEM"
	default:
		return "the certificate of the backend cannot be used here"
	}
}

// WantsLogin is for a proxy that answers CONNECT with 407.
func (p Proxy) WantsLogin() string {
	return "the proxy " + p.Address + " wants a user and a password, or other ones: write them in its URL, which " +
		p.From + " sets, as in " + p.Scheme + "://user:password@" + p.Address
}

// Check is for a proxy that cannot be reached or refuses the connection.
func (p Proxy) Check() string {
	return "the connection goes through the proxy " + p.Address + ", which " + p.From + " sets: check it, or do without"
}
