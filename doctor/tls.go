package doctor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/jetway-go/jetway/internal/advice"
)

const protoHTTP2, protoHTTP1 = "h2", "http/1.1"

// tls makes the handshake of the program's own connection, but offers HTTP/1.1 too: a
// server without HTTP/2 then shows its certificate all the same.
func (x *examination) tls(ctx context.Context) finding {
	switch {
	case x.setup.Plaintext:
		return skip("the settings say no TLS")
	case x.elsewhere() != "":
		return skip(x.elsewhere())
	case x.conn == nil:
		return skip("there is no connection")
	}
	defer x.drop()
	cfg, asked := x.clientTLS(protoHTTP2, protoHTTP1)
	conn := tls.Client(x.conn, cfg)
	err := conn.HandshakeContext(ctx)
	if err == nil && *asked {
		err = refusal(conn)
	}
	if err != nil {
		return x.own(x.handshake(ctx, err))
	}
	return x.verified(conn.ConnectionState())
}

// clientTLS returns the settings for a handshake, and whether the server has asked for a
// certificate in it.
func (x *examination) clientTLS(protocols ...string) (*tls.Config, *bool) {
	cfg := x.setup.TLS.Clone()
	cfg.NextProtos = protocols
	if cfg.ServerName == "" {
		cfg.ServerName = x.setup.Host
	}
	asked := new(bool)
	given, own := cfg.GetClientCertificate, cfg.Certificates
	cfg.GetClientCertificate = func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		*asked = true
		if given != nil {
			return given(r)
		}
		for i := range own {
			if r.SupportsCertificate(&own[i]) == nil {
				return &own[i], nil
			}
		}
		return &tls.Certificate{}, nil // none
	}
	return cfg, asked
}

// alertLimit bounds the wait for what a server says of the client's certificate.
const alertLimit = time.Second

// refusal returns the alert that follows a handshake: in TLS 1.3 a server checks the
// client's certificate after that of the client has succeeded (RFC 8446 §4.4.2.4).
func refusal(conn *tls.Conn) error {
	_ = conn.SetReadDeadline(time.Now().Add(alertLimit))
	_, err := conn.Read(make([]byte, 1))
	if advice.WantsCertificate(err) || advice.RefusesCertificate(err) {
		return err
	}
	return nil
}

// verified judges a handshake that succeeded.
func (x *examination) verified(state tls.ConnectionState) finding {
	leaf := state.PeerCertificates[0]
	seen := tls.VersionName(state.Version) + ", " + describe(leaf) + ", " + offers(state.NegotiatedProtocol)
	left, life := leaf.NotAfter.Sub(x.now()), leaf.NotAfter.Sub(leaf.NotBefore)
	switch {
	case state.NegotiatedProtocol != protoHTTP2 && x.setup.Target != "":
		f := fail(NoHTTP2, seen, x.words.NoALPN())
		f.goOn = true
		return x.own(f)
	case x.setup.TLS.InsecureSkipVerify:
		return warn(NotVerified, seen, "any machine on the way can read and change all traffic, tokens included: have certificates verified; "+
			x.words.Authority())
	case left < life/5 && left < soon:
		return warn(ExpiresSoon, seen, "have the certificate of the server renewed before that")
	default:
		return ok(seen)
	}
}

// soon is when the end of a certificate is worth a warning, if it has used up four fifths of its time.
const soon = 14 * 24 * time.Hour

// now is the time by which certificates are judged.
func (x *examination) now() time.Time {
	if x.setup.TLS.Time != nil {
		return x.setup.TLS.Time()
	}
	return time.Now()
}

func offers(protocol string) string {
	switch protocol {
	case protoHTTP2:
		return "HTTP/2"
	case protoHTTP1:
		return "HTTP/1.1 only"
	default:
		return "no protocol chosen (ALPN)"
	}
}

// describe names a certificate, its authority and its time.
func describe(c *x509.Certificate) string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	if more := len(names) - maxAddresses; more > 0 {
		names = append(names[:maxAddresses], fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("a certificate for %s by %q from %s until %s", strings.Join(names, ", "), c.Issuer.String(),
		c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339))
}

// handshake judges one that failed.
func (x *examination) handshake(ctx context.Context, err error) finding {
	text := err.Error()
	if chain := presented(err); len(chain) > 0 {
		text += " (the server shows " + describe(chain[0]) + ")"
	}
	record, isRecord := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case isTimeout(ctx, err):
		return fail(Timeout, "the server accepts connections and does not answer to TLS: "+text, x.silent(ofBackend)+
			"; a server without TLS may wait like that too: "+x.words.NoTLS())
	case isCertificate(err), advice.IsPermanent(err):
		problem, what := x.certificate(err, ofBackend)
		return fail(problem, text, what)
	case strings.Contains(text, "protocol version"):
		return fail(OldTLS, text, "the server has no version of TLS from 1.2 on: have it brought up to date")
	case isRecord && isHTTP(record.RecordHeader[:]):
		return fail(NoTLS, "a web server answers without TLS: "+text, x.words.NoTLS())
	}
	if speaks := x.plaintextTwin(ctx); speaks != "" {
		return fail(NoTLS, "the server speaks "+speaks+" without TLS there: "+text, x.words.NoTLS())
	}
	if isRecord {
		return fail(NoTLS, text, x.words.NoTLS())
	}
	return fail(BadHandshake, text, "the server, or something on the way, ended the handshake: check the address"+advice.In(x.words.Endpoint)+
		", and what stands in front of the server; "+x.words.NoTLS())
}

func isHTTP(begin []byte) bool { return bytes.HasPrefix(begin, []byte("HTTP/")) }

// certificate tells the kinds of trouble with certificates apart.
func (x *examination) certificate(err error, with party) (Problem, string) {
	what := x.words.Certificate(err)
	if with == ofAuthServer {
		what = x.words.LoginCertificate(err)
	}
	chain := presented(err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	wrong, isWrong := errors.AsType[x509.HostnameError](err)
	switch {
	case isInvalid && invalid.Reason == x509.Expired:
		x.wrongNow = true
		if cert := invalid.Cert; cert != nil && x.now().Before(cert.NotBefore) {
			return NotYetValid, "the certificate is valid from " + cert.NotBefore.UTC().Format(time.RFC3339) + " on: " + compareClocks +
				", and how long ago the certificate was made"
		}
		return Expired, "have the certificate of the server renewed; first " + compareClocks
	case isWrong:
		if _, err := netip.ParseAddr(wrong.Host); err == nil && wrong.Certificate != nil && len(wrong.Certificate.IPAddresses) == 0 {
			return NoIPName, "the certificate is for names, not for IP addresses: write a name that is in it as the address; " + what
		}
		return WrongName, what
	case advice.WantsCertificate(err):
		return WantsClient, what
	case advice.RefusesCertificate(err):
		return RefusesClient, what
	case advice.IsUnknownAuthority(err) && len(chain) > 0 && bytes.Equal(chain[0].RawIssuer, chain[0].RawSubject):
		sum := sha256.Sum256(chain[0].Raw)
		return SelfSigned, fmt.Sprintf("the certificate is its own authority: if its SHA-256, %X, is what the operator of the server says, "+
			"name a PEM file with it in %s", sum, x.words.TrustSetting())
	case advice.IsUnknownAuthority(err):
		if len(chain) == 1 {
			what += "; or the server does not send the certificates between its own and that of a known authority: have it send them"
		}
		return UnknownCA, what
	default:
		return BadHandshake, what
	}
}

const compareClocks = "compare the clock of this machine, which the text shows, with another"

// presented are the certificates that a server showed and that were not accepted.
func presented(err error) []*x509.Certificate {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e.UnverifiedCertificates
	}
	return nil
}

// plaintextTwin returns what the server speaks without TLS; "" if it does not answer.
func (x *examination) plaintextTwin(ctx context.Context) string {
	conn, err := x.connect(ctx)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	switch greeted(ctx, conn).speaks {
	case speaksHTTP2:
		return "HTTP/2"
	case speaksHTTP1:
		return "HTTP/1.1"
	default:
		return ""
	}
}

// tlsTwin reports whether the server speaks TLS.
func (x *examination) tlsTwin(ctx context.Context) bool {
	raw, err := x.connect(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = raw.Close() }()
	protocols := []string{protoHTTP2, protoHTTP1}
	cfg := &tls.Config{InsecureSkipVerify: true, NextProtos: protocols, ServerName: x.setup.Host} //nolint:gosec // nothing is sent
	err = tls.Client(raw, cfg).HandshakeContext(ctx)
	alert, isAlert := errors.AsType[*net.OpError](err)
	return err == nil || isAlert && alert.Op == "remote error"
}
