package clientset_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/platform"
)

// authorityFile holds the certificate that signs the mock's.
func authorityFile(t *testing.T, s *mockserver.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, s.CACertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// One setting serves the connection and the token endpoint: a successful call
// needs both.
func TestTLSSettingsServeCallsAndLogin(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithTLS())
	ca := authorityFile(t, s)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CACertPEM())
	for name, opt := range map[string]clientset.Option{
		"WithCAFile":             clientset.WithCAFile(ca),
		"WithCAPEM":              clientset.WithCAPEM(s.CACertPEM()),
		"WithExclusiveCAFile":    clientset.WithExclusiveCAFile(ca),
		"WithTLSConfig":          clientset.WithTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}),
		"WithHTTPClient":         clientset.WithHTTPClient(s.HTTPClient()),
		"WithInsecureSkipVerify": clientset.WithInsecureSkipVerify(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cs := made(t)(clientset.ForAPIKey(s.APIKey(), opt))
			if err := list(t.Context(), cs); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("an unknown authority fails both", func(t *testing.T) {
		t.Parallel()
		cs := made(t)(clientset.ForAPIKey(s.APIKey(), clientset.WithoutRetry()))
		if err := list(t.Context(), cs); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%v, want FailedPrecondition over the certificate", err)
		}
	})
	t.Run("a name that the certificate is not for", func(t *testing.T) {
		t.Parallel()
		cs := made(t)(clientset.ForEndpoint(s.Endpoint(), clientset.WithoutAuth(), clientset.WithCAFile(ca),
			clientset.WithServerName("other.example.com"), clientset.WithoutRetry()))
		if err := list(t.Context(), cs); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "other.example.com") {
			t.Errorf("%v, want FailedPrecondition over the name", err)
		}
	})
	t.Run("the server's name counts for the connection alone", func(t *testing.T) {
		t.Parallel()
		var hc *http.Client
		_, _ = clientset.For(t.Context(), platform.ResolverFunc(func(_ context.Context, given *http.Client) (platform.Target, error) {
			hc = given
			return platform.Target{}, errors.New("enough")
		}), clientset.WithCAFile(ca), clientset.WithServerName("other.example.com"))
		defer hc.CloseIdleConnections()
		r, err := http.NewRequestWithContext(soon(t), http.MethodGet, s.Issuer()+"/.well-known/oauth-authorization-server", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := hc.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	})
}

func TestCAPEMWithoutCertificateIsRefused(t *testing.T) {
	t.Parallel()
	for name, pem := range map[string][]byte{"nothing": nil, "no PEM": []byte("hello")} {
		if _, err := clientset.ForEndpoint("h", clientset.WithCAPEM(pem)); err == nil || !strings.Contains(err.Error(), "WithCAPEM") {
			t.Errorf("%s: %v, want an error that names the option", name, err)
		}
	}
}

// The mock demands a client certificate for calls and for the login alike.
func TestClientCertificateServesCallsAndLogin(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithMutualTLS())
	text, err := s.ClientCertificatePEM()
	if err != nil {
		t.Fatal(err)
	}
	pair := filepath.Join(t.TempDir(), "client.pem")
	if err := os.WriteFile(pair, text, 0o600); err != nil {
		t.Fatal(err)
	}
	trust := clientset.WithCAPEM(s.CACertPEM())
	for name, opt := range map[string]clientset.Option{
		"files":  clientset.WithClientCertificate(pair, pair),
		"memory": clientset.WithClientCertificatePEM(text, text),
	} {
		if err := list(t.Context(), made(t)(clientset.ForAPIKey(s.APIKey(), trust, opt))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := list(t.Context(), made(t)(clientset.ForAPIKey(s.APIKey(), trust, clientset.WithoutRetry()))); err == nil {
		t.Error("a call without a client certificate succeeded")
	}
}

func TestSkipVerifyIsLoud(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	made(t)(clientset.ForEndpoint("h", clientset.WithInsecureSkipVerify(), clientset.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "not verified") {
		t.Errorf("log: %s, want a warning", &log)
	}
}

func TestClientCertificateIsPresentedAndReadAgain(t *testing.T) {
	t.Parallel()
	// Given a server that insists on a client certificate.
	dir := t.TempDir()
	authority := newAuthority(t)
	serverCert := authority.issue(t, "localhost")
	seen := make(chan string, 8)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{serverCert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.pool,
		VerifyConnection: func(cs tls.ConnectionState) error {
			seen <- cs.PeerCertificates[0].Subject.CommonName
			return nil
		},
	})))
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)

	cert, key, ca := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")
	authority.write(t, ca)
	write := func(name string) {
		t.Helper()
		c := authority.issue(t, name)
		der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, cert, "CERTIFICATE", c.Certificate[0])
		writePEM(t, key, "PRIVATE KEY", der)
	}
	check := func() {
		t.Helper()
		cs := made(t)(clientset.ForEndpoint(l.Addr().String(), clientset.WithoutAuth(), clientset.WithServerName("localhost"),
			clientset.WithExclusiveCAFile(ca), clientset.WithClientCertificate(cert, key)))
		// When the certificate is replaced after the client was made ...
		write("second")
		if _, err := grpc_health_v1.NewHealthClient(cs).Check(soon(t), &grpc_health_v1.HealthCheckRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	check()
	// ... then a new connection presents the new one.
	if name := <-seen; name != "second" {
		t.Errorf("certificate of %q, want second", name)
	}
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return authority{cert, key, pool}
}

func (a authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a authority) write(t *testing.T, path string) {
	t.Helper()
	writePEM(t, path, "CERTIFICATE", a.cert.Raw)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
