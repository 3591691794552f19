package advice

import (
	"crypto/x509"
	"errors"
)

// LoginCertificate is for errors that [IsPermanent] reports, of the connection to the
// authorization server.
func (s Settings) LoginCertificate(err error) string {
	switch name := (x509.HostnameError{}); {
	case IsUnknownAuthority(err):
		return s.Authority()
	case errors.As(err, &name):
		return "check the URL: the certificate of " + name.Host + " is for another name, or for names alone if that is an IP address"
	default:
		return "the certificate of the authorization server, or that of this client, cannot be used there"
	}
}

// ProxyElsewhereWantsLogin is for a proxy on the way to another server than the backend.
func ProxyElsewhereWantsLogin() string {
	return "the proxy on the way wants a user and a password, or other ones: they are written in its URL, see WithProxyURL"
}
