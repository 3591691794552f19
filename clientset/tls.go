package clientset

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
)

// getCertificate returns the client's certificate for a handshake.
type getCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error)

// tlsOptions are the TLS settings of the options.
type tlsOptions struct {
	base             *tls.Config
	extra, exclusive []string
	pems             [][]byte
	client           func() (getCertificate, error) // nil for no client certificate
	serverName       string
	skipVerify       bool
	given            []string // names of the options, for error messages
}

func (o *tlsOptions) uses(option string) {
	if !slices.Contains(o.given, option) {
		o.given = append(o.given, option)
	}
}

// build makes one configuration of all settings, on top of base if that is set.
func (o *tlsOptions) build(base *tls.Config) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.base != nil {
		base = o.base
	}
	if base != nil {
		cfg = base.Clone()
		cfg.NextProtos = nil // gRPC and net/http each set their own
	}
	if o.serverName != "" {
		cfg.ServerName = o.serverName
	}
	if o.skipVerify {
		cfg.InsecureSkipVerify = true
	}
	var err error
	if cfg.RootCAs, err = o.roots(cfg.RootCAs); err != nil {
		return nil, err
	}
	if o.client != nil {
		if cfg.GetClientCertificate, err = o.client(); err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		cfg.Certificates = nil
	}
	return cfg, nil
}

// roots returns nil for the system's certificates alone.
func (o *tlsOptions) roots(pool *x509.CertPool) (*x509.CertPool, error) {
	switch {
	case len(o.extra)+len(o.exclusive)+len(o.pems) == 0:
		return pool, nil
	case len(o.exclusive) > 0:
		pool = x509.NewCertPool()
	case pool != nil:
		pool = pool.Clone()
	default:
		var err error
		if pool, err = x509.SystemCertPool(); err != nil {
			return nil, fmt.Errorf("the system's certificates: %w; WithExclusiveCAFile does without them", err)
		}
	}
	for _, path := range slices.Concat(o.exclusive, o.extra) {
		if path == "" { // such as a variable that is not set: ignoring it would trust the wrong authorities
			return nil, errors.New("CA file: the path is empty")
		}
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("CA file: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA file %s: no PEM certificate in it", path)
		}
	}
	for _, pem := range o.pems {
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("WithCAPEM: no PEM certificate in it")
		}
	}
	return pool, nil
}

// certificatePair is a client certificate that may be replaced on disk.
type certificatePair struct {
	certFile, keyFile string
	last              atomic.Pointer[tls.Certificate]
}

func (p *certificatePair) load() (*tls.Certificate, error) {
	if p.certFile == "" || p.keyFile == "" {
		return nil, errors.New("both a certificate file and a key file are needed")
	}
	cert, err := tls.LoadX509KeyPair(p.certFile, p.keyFile)
	if err != nil {
		return nil, err
	}
	p.last.Store(&cert)
	return &cert, nil
}

// get returns the certificate for a handshake. While the files are being replaced it
// returns the one that was read last.
func (p *certificatePair) get(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if cert, err := p.load(); err == nil {
		return cert, nil
	}
	return p.last.Load(), nil
}
