// Package certificates makes the certificates of a mock that uses TLS: a fresh authority, and
// what it has signed for the server and for one client.
//
// Call [New].
package certificates

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Set is an authority and what it has signed.
type Set struct {
	// Mutual reports whether the server demands the client's.
	Mutual bool
	// CAPEM is the certificate of the authority.
	CAPEM []byte

	server tls.Certificate
	client tls.Certificate
	pool   *x509.CertPool
}

// life is long enough for tests that let years pass.
const life = 30 * 365 * 24 * time.Hour

// New makes a set whose server is localhost, 127.0.0.1, ::1 and hosts, which are names and IP
// addresses.
func New(mutual bool, hosts ...string) (*Set, error) {
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mock authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, caKey, err := sign(ca, ca, nil)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mock server"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else if host != "" {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	leafDER, leafKey, err := sign(leaf, ca, caKey)
	if err != nil {
		return nil, err
	}
	client := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "mock client"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	clientDER, clientKey, err := sign(client, ca, caKey)
	if err != nil {
		return nil, err
	}
	c := &Set{
		server: tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey},
		client: tls.Certificate{Certificate: [][]byte{clientDER}, PrivateKey: clientKey},
		Mutual: mutual,
		CAPEM:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		pool:   x509.NewCertPool(),
	}
	c.pool.AppendCertsFromPEM(c.CAPEM)
	return c, nil
}

// sign makes a key for template and lets parent sign it; a nil parentKey means
// that it signs itself.
func sign(template, parent *x509.Certificate, parentKey crypto.Signer) ([]byte, crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parentKey == nil {
		parentKey = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	return der, key, err
}

// ServerConfig returns the settings of the server.
func (c *Set) ServerConfig() *tls.Config {
	cfg := &tls.Config{Certificates: []tls.Certificate{c.server}, MinVersion: tls.VersionTLS12}
	if c.Mutual {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, c.pool
	}
	return cfg
}

// ClientConfig returns the settings of clients.
func (c *Set) ClientConfig() *tls.Config {
	cfg := &tls.Config{RootCAs: c.pool, MinVersion: tls.VersionTLS12}
	if c.Mutual {
		cfg.Certificates = []tls.Certificate{c.client}
	}
	return cfg
}

// ClientPEM returns the client certificate followed by its key.
func (c *Set) ClientPEM() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.client.PrivateKey)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.client.Certificate[0]})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), nil
}
