package clientset

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
)

// handshakes holds the error of the latest TLS handshake if repeating it cannot
// help. A call only gets the text of that error, as Unavailable. The zero value
// holds none.
type handshakes struct{ last atomic.Pointer[error] }

func (h *handshakes) note(err error) {
	if isPermanent(err) {
		h.last.Store(&err)
		return
	}
	h.last.Store(nil)
}

// failure returns nil if the latest handshake succeeded, or may succeed next time.
func (h *handshakes) failure() error {
	if err := h.last.Load(); err != nil {
		return *err
	}
	return nil
}

// watch returns transport credentials that note how their handshakes end.
func (h *handshakes) watch(c credentials.TransportCredentials) credentials.TransportCredentials {
	return &watchedCredentials{c, h}
}

type watchedCredentials struct {
	credentials.TransportCredentials

	seen *handshakes
}

func (c *watchedCredentials) ClientHandshake(
	ctx context.Context, authority string, raw net.Conn,
) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		c.seen.note(err)
		return nil, nil, err
	}
	return &watchedConn{Conn: conn, seen: c.seen}, info, nil
}

func (c *watchedCredentials) Clone() credentials.TransportCredentials {
	return &watchedCredentials{c.TransportCredentials.Clone(), c.seen}
}

// watchedConn notes how the first read ends: in TLS 1.3 a server checks the client's
// certificate after the client's own handshake has succeeded (RFC 8446 §4.4.2.4).
type watchedConn struct {
	net.Conn

	seen     *handshakes
	accepted atomic.Bool // the server has sent something
}

func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.accepted.Load() {
		c.seen.note(err)
		c.accepted.Store(err == nil)
	}
	return n, err
}

// alertLimit bounds the wait for an alert after a failed write.
const alertLimit = time.Second

// Write fails with the server's alert if that came before the server closed the
// connection: gRPC reports whichever of its reads and writes fails first.
func (c *watchedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err == nil || c.accepted.Load() {
		return n, err
	}
	_ = c.Conn.SetReadDeadline(time.Now().Add(alertLimit))
	if _, alert := c.Conn.Read(make([]byte, 1)); isPermanent(alert) {
		c.seen.note(alert)
		return n, alert
	}
	return n, err
}

// isPermanent reports whether err is about certificates or settings that stay as
// they are until a person changes them. An expired certificate is not among them:
// servers renew theirs, and clocks are set.
func isPermanent(err error) bool {
	if expired, ok := errors.AsType[x509.CertificateInvalidError](err); ok && expired.Reason == x509.Expired {
		return false
	}
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	return unverified || isUnknownAuthority(err) || isWrongName(err) || wantsCertificate(err) || refusesCertificate(err)
}

func isUnknownAuthority(err error) bool {
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	return ok
}

func isWrongName(err error) bool {
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

func wantsCertificate(err error) bool {
	return isAlert(err, alertHandshakeFailure, alertCertificateRequired)
}

func refusesCertificate(err error) bool {
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
