package advice

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
)

// IsPermanent reports whether err is about certificates or settings that stay as
// they are until a person changes them. An expired certificate is not among them:
// servers renew theirs, and clocks are set.
func IsPermanent(err error) bool {
	if expired, ok := errors.AsType[x509.CertificateInvalidError](err); ok && expired.Reason == x509.Expired {
		return false
	}
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	return unverified || IsUnknownAuthority(err) || IsWrongName(err) || WantsCertificate(err) || RefusesCertificate(err)
}

// IsUnknownAuthority reports whether the certificate is signed by an authority that is not
// trusted here.
func IsUnknownAuthority(err error) bool {
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	return ok
}

// IsWrongName reports whether the certificate is for another name or address.
func IsWrongName(err error) bool {
	_, ok := errors.AsType[x509.HostnameError](err)
	return ok
}

// Alerts of RFC 8446 §6.2 about the certificate of the client, or the lack of one.
// Servers that speak TLS 1.2 report the lack as a handshake failure.
const (
	alertHandshakeFailure    = 40
	alertBadCertificate      = 42
	alertUnsupported         = 43
	alertRevoked             = 44
	alertExpired             = 45
	alertCertificateUnknown  = 46
	alertUnknownAuthority    = 48
	alertCertificateRequired = 116
)

// WantsCertificate reports whether the server ended the handshake for lack of a certificate
// of the client.
func WantsCertificate(err error) bool {
	return isAlert(err, alertHandshakeFailure, alertCertificateRequired)
}

// RefusesCertificate reports whether the server does not accept the certificate of the
// client.
func RefusesCertificate(err error) bool {
	return isAlert(err, alertBadCertificate, alertUnsupported, alertRevoked, alertExpired, alertCertificateUnknown, alertUnknownAuthority)
}

// isAlert reports whether the server ended the connection with one of these alerts.
// crypto/tls has a type of its own for them only in QUIC, but the same texts.
func isAlert(err error, alerts ...uint8) bool {
	remote, ok := errors.AsType[*net.OpError](err)
	return ok && remote.Op == "remote error" && slices.ContainsFunc(alerts, func(a uint8) bool {
		return remote.Err.Error() == tls.AlertError(a).Error()
	})
}
