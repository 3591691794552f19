package jupyterhub_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	tlscreds "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// certified makes a key and a certificate that vouches for itself, as files, and the
// configuration of a peer that has both.
func certified(t *testing.T) (keyFile, certFile string, peer *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keyFile, certFile = filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	for path, block := range map[string]*pem.Block{keyFile: {Type: "PRIVATE KEY", Bytes: private}, certFile: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return keyFile, certFile, &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
}

func TestInternalTLSRequiresCertificatesOfBothSides(t *testing.T) {
	t.Parallel()
	// Given a hub that wants a certificate from who asks ...
	key, cert, peer := certified(t)
	hub := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"name":"alice","kind":"user","scopes":["`+access+`"]}`)
	}))
	hub.TLS = peer.Clone()
	hub.StartTLS()
	t.Cleanup(hub.Close)
	// ... and a service that it has started ...
	config := jupyterhub.Config{LookupEnv: env(map[string]string{
		"JUPYTERHUB_API_TOKEN": "own", "JUPYTERHUB_SERVICE_NAME": "svc", "JUPYTERHUB_API_URL": hub.URL + "/hub/api",
		"JUPYTERHUB_SERVICE_URL": "https://127.0.0.1:0",
		"JUPYTERHUB_SSL_KEYFILE": key, "JUPYTERHUB_SSL_CERTFILE": cert, "JUPYTERHUB_SSL_CLIENT_CA": cert,
	})}
	a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	service := jupyterhub.Service{Config: config, HTTP: a.Middleware(whoami(nil)), GRPC: newService(a).Server}
	ctx, cancel := context.WithCancel(t.Context())
	l, err := service.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- service.Serve(ctx, l) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	// ... then pages and calls both reach it by TLS, for who has a certificate ...
	transport := &http.Transport{TLSClientConfig: peer.Clone(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+l.Addr().String()+"/services/svc/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "token t")
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a page: %s", resp.Status)
	}
	call := func(cfg *tls.Config) error {
		cc, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(tlscreds.NewTLS(cfg)))
		if err != nil {
			t.Fatal(err)
		}
		defer cc.Close()
		return check(metadata.AppendToOutgoingContext(t.Context(), "authorization", "token t"), cc)
	}
	if err := call(peer.Clone()); err != nil {
		t.Errorf("a call: %v", err)
	}
	// ... and no other caller.
	stranger := peer.Clone()
	stranger.Certificates = nil
	if err := call(stranger); status.Code(err) != codes.Unavailable {
		t.Errorf("without a certificate: %v", err)
	}
}
