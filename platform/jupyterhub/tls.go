package jupyterhub

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/jetway-go/jetway/internal/peer"
)

// internalTLS are the files of a hub that uses TLS between its parts.
type internalTLS struct{ key, cert, ca string }

func (t internalTLS) set() bool { return t.key != "" || t.cert != "" || t.ca != "" }

// config reads the files.
func (t internalTLS) config() (*tls.Config, error) {
	if t.key == "" || t.cert == "" || t.ca == "" {
		return nil, fmt.Errorf("set all of %s, %s and %s, or none", envKeyFile, envCertFile, envClientCA)
	}
	pair, err := tls.LoadX509KeyPair(t.cert, t.key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", envCertFile, envKeyFile, err)
	}
	pem, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", envClientCA, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in %s", envClientCA, t.ca)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool}, nil
}

// client returns the HTTP client for requests to the hub.
func (s *surroundings) client(given *http.Client) (*http.Client, error) {
	client := http.Client{Timeout: askLimit}
	if given != nil {
		client = *given
	} else {
		transport := peer.Transport()
		transport.IdleConnTimeout = time.Minute
		if s.tls.set() {
			cfg, err := s.tls.config()
			if err != nil {
				return nil, err
			}
			transport.TLSClientConfig = cfg
		}
		peer.SecureProxies(transport)
		client.Transport = transport
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client, nil
}
