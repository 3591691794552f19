package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/jetway-go/jetway/clientset"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(tb testing.TB) authority {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key := newKey(tb)
	return authority{sign(tb, template, template, key, key), key}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func sign(tb testing.TB, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert
}

// issue makes a certificate for localhost and 127.0.0.1 that change may alter.
func (a authority) issue(tb testing.TB, change func(*x509.Certificate)) tls.Certificate {
	tb.Helper()
	template := leaf()
	if change != nil {
		change(template)
	}
	key := newKey(tb)
	return tls.Certificate{Certificate: [][]byte{sign(tb, template, a.cert, key, a.key).Raw}, PrivateKey: key}
}

func leaf() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "server"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// selfSigned is a certificate that is its own authority.
func selfSigned(tb testing.TB) tls.Certificate {
	tb.Helper()
	key, template := newKey(tb), leaf()
	return tls.Certificate{Certificate: [][]byte{sign(tb, template, template, key, key).Raw}, PrivateKey: key}
}

func (a authority) pem() []byte {
	return encode("CERTIFICATE", a.cert.Raw)
}

// trust has a client trust the authority.
func (a authority) trust() clientset.Option { return clientset.WithCAPEM(a.pem()) }

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// encode writes PEM.
func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func listening(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

// closedPort is an address at which no program listens while the test runs: it is the
// near end of a connection.
func closedPort(tb testing.TB) string {
	tb.Helper()
	taken, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", listening(tb).Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = taken.Close() })
	return taken.LocalAddr().String()
}

// grpcServer serves no service, with these TLS settings or, for nil, without TLS.
func grpcServer(tb testing.TB, cfg *tls.Config) string {
	tb.Helper()
	var opts []grpc.ServerOption
	if cfg != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(cfg)))
	}
	l, server := listening(tb), grpc.NewServer(opts...)
	go func() { _ = server.Serve(l) }()
	tb.Cleanup(server.Stop)
	return l.Addr().String()
}

// with is the TLS settings of a server with this certificate.
func with(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
}

// webServer answers by h without TLS: over HTTP/1.1 and, if h2 is set, over HTTP/2.
func webServer(tb testing.TB, h2 bool, h http.HandlerFunc) string {
	tb.Helper()
	s := httptest.NewUnstartedServer(h)
	if h2 {
		s.Config.Protocols = &http.Protocols{}
		s.Config.Protocols.SetHTTP1(true)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
	}
	s.Start()
	tb.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// answering answers everything with a status, a type of content, and other headers.
func answering(code int, kind string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

// serving handles every connection to it by f, and then closes it.
func serving(tb testing.TB, f func(net.Conn)) string {
	tb.Helper()
	l := listening(tb)
	ctx, cancel := context.WithCancel(tb.Context())
	tb.Cleanup(cancel)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			go func() {
				defer stop()
				defer conn.Close()
				f(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// mute accepts connections, reads, and says nothing.
func mute(tb testing.TB) string {
	tb.Helper()
	return serving(tb, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
}

// hangUp ends each connection after its first bytes.
func hangUp(tb testing.TB) string {
	tb.Helper()
	return serving(tb, func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<10)) })
}
